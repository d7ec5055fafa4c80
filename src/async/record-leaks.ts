import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import { LeakLogBuilder } from './build-leak-log.ts';
import type { LeakDescriptors, LeakLog } from './leak-log.ts';
import { leakRecorderCall, leakRecorderExpression } from './leak-recorder.ts';
import type { LeakArming, LeakHarvest, LeakSample } from './leak-recorder-state.ts';

export interface RecordLeaksOptions {
  /** CLOCK_MONOTONIC ms of the window's start: ms 0 of the log. */
  startMs: Milliseconds;
  /** Node version of the target, for the log. */
  node?: string;
  /** The window's end, ms after its start: before that `stop` is called. */
  untilMs: Milliseconds;
  /**
   * A full collection, and the bytes held after it; undefined: not done. Asked for twice when old space rises, because hooks of
   * async_hooks leave V8 slower for good and are worth it only for what is held; and once in `stop`.
   */
  collect: () => Promise<number | undefined>;
  /** Whether more and more files are open, as the kernel sees it. */
  filesGrow?: () => boolean;
  /** Told when stacks begin to be taken, with what of; '' listeners, without a hook of async_hooks. */
  onArm?: (what: string) => void;
}

/** A leak recorder that runs in a target. */
export interface LeakRecording {
  /** From now on creating stacks are taken of what is seen to grow. */
  allowStacks(): void;
  /**
   * Takes the recorder out and gives what it saw. Never throws for a target that died or hangs meanwhile: undefined then.
   */
  stop(descriptors?: LeakDescriptors): Promise<LeakLog | undefined>;
  /** True when after `stop` nothing of the recorder is left in the target, as far as it could be asked. */
  clean: boolean;
}

const LOOK_EVERY_MS = 250;
/** A look takes as long as there are handles: at most this share of the time. */
const LOOK_SHARE = 0.02;
const DEAD_AFTER_MS = 15_000;
const ANSWER_MS = 1500;
/** Pending promises from which on a collection is worth its pause. */
const WORTH_COLLECTING = 10;
/** Between the two collections that tell what is held: this share of the time that is left, within limits. */
const PROOF_SHARE = 0.2;
const PROOF_LEAST_MS = 700;
const PROOF_MOST_MS = 3000;

/**
 * Puts the recorder into the session's thread and looks four times a second, until `stop`.
 * @throws HolterError E_CDP when the target does not take the recorder, E_CONNECTION_LOST, E_TIMEOUT
 */
export async function recordLeaks(session: Session, options: RecordLeaksOptions): Promise<LeakRecording> {
  const token = randomBytes(8).toString('hex');
  const { time } = await evaluate<{ time: number }>(
    session,
    leakRecorderExpression({
      token,
      stacksPerSecond: 120,
      promiseStacksPerSecond: 600,
      stackCost: 0.03,
      rowsPerType: 3000,
      manyListeners: 8,
      emitters: 300,
      deadAfterMs: DEAD_AFTER_MS,
    }),
    { timeoutMs: 5000 },
  );
  // The target may run on another machine: its clock is compared with ours once, here.
  const fromMs = Number(process.hrtime.bigint()) / 1e6 - options.startMs;
  const builder = new LeakLogBuilder({ clockMs: time, fromMs, node: options.node ?? '' });
  let mayArm = false;
  /** To learn which emitters have many listeners the first third is enough; for stacks, longer. */
  let wrapped = true;
  let stopped = false;
  let wake: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });

  const call = <T>(text: string, timeoutMs = 3000): Promise<T | undefined> =>
    evaluate<T>(session, leakRecorderCall(token, text), { timeoutMs }).catch(() => undefined);
  const parse = <T>(text: string | undefined): T | undefined => {
    try {
      return text === undefined ? undefined : (JSON.parse(text) as T);
    } catch {
      // A program that patches JSON or Array prototypes spoils its own text.
      return undefined;
    }
  };
  let held: { bytes: number; at: Milliseconds; proofAt: Milliseconds } | undefined;
  let isAsked = false;
  const prove = async (): Promise<void> => {
    if (isAsked || (held !== undefined && performance.now() < held.proofAt)) return;
    const bytes = await options.collect();
    const at = performance.now();
    if (bytes === undefined || held !== undefined) isAsked = true;
    if (bytes === undefined) return;
    if (held !== undefined) {
      builder.heapIsProven = LeakLogBuilder.isGrowth(bytes - held.bytes, at - held.at);
      return;
    }
    const left = options.startMs + options.untilMs - Number(process.hrtime.bigint()) / 1e6;
    const wait = Math.min(PROOF_MOST_MS, Math.max(PROOF_LEAST_MS, left * PROOF_SHARE));
    held = { bytes, at, proofAt: at + wait };
  };
  /** What the look cost, ms; undefined when the target gave nothing. */
  const look = async (): Promise<number | undefined> => {
    const sample = parse<LeakSample>(await call<string>('sample()', ANSWER_MS));
    if (sample === undefined) return undefined;
    builder.add(sample);
    if (!mayArm || stopped) return sample.costMs;
    if (wrapped && !builder.listenersGrow) await call('letListenersGo()');
    wrapped = false;
    if (!builder.heapIsProven && builder.heapSeemsToGrow) await prove();
    const arming = builder.whatGrows(options.filesGrow?.() ?? false);
    if (arming !== undefined) {
      await call(`arm(${JSON.stringify(arming)})`);
      options.onArm?.(describe(arming));
    }
    return sample.costMs;
  };
  const polling = (async () => {
    while (!stopped && session.isOpen) {
      const cost = (await look()) ?? 0;
      const pause = Math.max(LOOK_EVERY_MS, cost / LOOK_SHARE);
      await Promise.race([sleep(pause, undefined, { ref: false }), asleep, session.closed]);
    }
  })();

  const recording: LeakRecording = {
    clean: false,
    allowStacks() {
      mayArm = true;
    },
    async stop(descriptors) {
      stopped = true;
      wake();
      await polling;
      // One that does not answer this is blocked or gone: each further question would wait in vain.
      const answers = (await look()) !== undefined;
      if (answers && builder.armedPromises && ((await call<number>('pending()')) ?? 0) >= WORTH_COLLECTING) {
        await call('disarm()');
        // What was looked at by a weak reference stays alive until its task ends.
        await sleep(20);
        builder.collected = (await options.collect()) !== undefined;
      }
      const harvest = answers ? parse<LeakHarvest>(await call<string>('finish()', 5000)) : undefined;
      if (harvest !== undefined) builder.harvest(harvest);
      recording.clean =
        (await evaluate<boolean>(session, `${leakRecorderCall(token, 'undo()')} ?? true`, {
          timeoutMs: answers ? 3000 : ANSWER_MS,
        }).catch(() => false)) === true;
      return harvest === undefined ? undefined : builder.finish(descriptors);
    },
  };
  return recording;
}

function describe({ handles = [], timers, files, promises }: LeakArming): string {
  const parts = [
    ...handles,
    ...(timers === true ? ['timers'] : []),
    ...(files === true ? ['open files (fs.open and fs.openSync wrapped)'] : []),
    ...(promises === true ? ['promises'] : []),
  ];
  return parts.join(', ');
}
