import { setTimeout as sleep } from 'node:timers/promises';
import { evaluate } from '../cdp/evaluate.ts';
import type { BridgeBatch, BridgeSample } from '../cdp/protocol.ts';
import type { Session } from '../cdp/session.ts';
import { readScheduleStat } from '../linux/threads.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { STATE_EXPRESSION } from '../target/bridge-source.ts';
import { watchAllocations } from './allocations.ts';
import type { WindowClock } from './clock.ts';
import type { InsidePart, PartContext, PartFile } from './inside-part.ts';
import { PARTS } from './inside-parts.ts';
import {
  type BlockStacksFile,
  type ExternalAllocationsFile,
  readRawFrames,
  type StuckFile,
} from './raw-stack.ts';
import { recordPause } from './record-pause.ts';
import { decideLateFix, recordThreads } from './record-threads.ts';

/** Says what was done to the target; `pauseMs` = upper bound, the time the main thread took to answer. */
export type ActSink = (what: string, pauseMs: number, effect?: string) => void;

export interface InsideOptions {
  clock: WindowClock;
  /** End of the window, ms after its start. */
  untilMs: number;
  intervalUs: number;
  act: ActSink;
  /** When we came. */
  heapUsedBytes: number;
  /** The user has agreed to longer pauses (`--yes`). */
  consent: boolean;
  /** Ctrl-C: leave with what there is. */
  signal: AbortSignal;
  /** For the CPU time of the main thread; absent when the target is on another machine. */
  pid?: number;
  /** Version of its Node without `v`; '' unknown. */
  node: string;
}

export interface InsideEvidence {
  samples: BridgeSample[];
  batches: BridgeBatch[];
  blockStacks: BlockStacksFile['stacks'];
  profiles: { thread: string; json: string; fromMs: number; toMs: number }[];
  allocationAll?: string;
  allocationLive?: string;
  external: ExternalAllocationsFile['stacks'];
  forcedGc: VitalSigns['forcedGc'];
  resources: VitalSigns['resources'];
  heapSpaces: VitalSigns['heapSpaces'];
  loopIterationsPerSecond?: number;
  /** Of the parts, in their order. */
  files: PartFile[];
  /** Present when the loop does not turn at the end of the window. */
  stuck?: StuckFile;
  /** What was left undone, in sentences. */
  notes: string[];
  /** Answered nothing more since then: the window ended early. */
  endedStuck: boolean;
}

/** A loop that has not turned at all for so long while we watched is stuck; no need to wait for the window's end. */
const STUCK_AFTER_MS = 2600;
/** The ticker runs every 20 ms; this late it is worth asking why. */
const SUSPECT_MS = 1500;

/**
 * Watches from inside until the window ends, the loop proves stuck, or the connection goes. Never throws for a target
 * that dies meanwhile: what was seen so far is returned.
 */
export async function watchInside(session: Session, options: InsideOptions): Promise<InsideEvidence> {
  const { clock, untilMs, act, signal } = options;
  const evidence: InsideEvidence = {
    samples: [],
    batches: [],
    blockStacks: [],
    profiles: [],
    external: [],
    forcedGc: [],
    resources: {},
    heapSpaces: [],
    files: [],
    notes: [],
    endedStuck: false,
  };
  session.on('Holter.sample', (sample) => void evidence.samples.push(sample));
  session.on('Holter.events', (batch) => void evidence.batches.push(batch));
  session.on('Holter.stack', ({ time, lateMs, asyncId, frames }) => {
    if (evidence.blockStacks.length < 2000)
      evidence.blockStacks.push({ at: time - clock.startMs, lateMs, asyncId, frames: readRawFrames(frames) });
  });
  act(
    'vital signs read every 100 ms by the bridge; ticker, GC observer and request counter in the main thread',
    0,
    'until leaving',
  );

  const begun = clock.now();
  const lastSample = () => evidence.samples.at(-1);
  /** ms since the loop last turned. */
  const late = () => {
    const sample = lastSample();
    return sample === undefined ? 0 : sample.time - sample.beat;
  };
  const mainCpuPercent = meterMainCpu(options.pid, clock);
  const done = () => signal.aborted || !session.isOpen || clock.now() >= untilMs - LEAVE_MS;

  let stopProfiles: () => void = () => {};
  const profilesEnd = new Promise<void>((resolve) => {
    stopProfiles = resolve;
  });
  const profiling = recordProfiles(session, options, profilesEnd, evidence);
  const allocations = watchAllocations(session, { act, evidence, clock, consent: options.consent });
  const firstResources = evaluate<Record<string, number>>(session, `${STATE_EXPRESSION}.resources()`, {
    timeoutMs: 3000,
  }).catch(() => ({}));

  const parts = await startParts({
    session,
    clock,
    untilMs,
    act,
    node: options.node,
    consent: options.consent,
    pid: options.pid,
    note: (sentence) => void evidence.notes.push(sentence),
    forced: (gc) => void evidence.forcedGc.push(gc),
  });
  let middles: Promise<unknown> = Promise.resolve();

  const phaseAt = begun + (untilMs - begun) * 0.35;
  let phase = 0;
  while (!done()) {
    await Promise.race([sleep(100), session.closed]);
    // From the very start: it was stuck before we came. Later on: it may still recover, wait for the window's end.
    const neverTurned = lastSample()?.beats === 0;
    if (neverTurned && late() > STUCK_AFTER_MS) {
      evidence.endedStuck = true;
      break;
    }
    if (phase === 0 && clock.now() >= phaseAt && late() < 500) {
      phase = 1;
      await allocations.decide();
      const facts = { mainCpuPercent: mainCpuPercent(), requests: lastSample()?.requests ?? 0 };
      middles = Promise.all(parts.map((part) => part.middle?.(facts)));
      if (mainCpuPercent() > 80)
        evidence.loopIterationsPerSecond = await countLoops(session, evidence.samples);
    }
  }

  if (session.isOpen && late() > SUSPECT_MS) await examineStuck(session, options, evidence);
  stopProfiles();
  await profiling;
  await middles;
  const files = await Promise.all(parts.map((part) => part.stop()));
  evidence.files = files.filter((file) => file !== undefined);
  if (session.isOpen && evidence.stuck === undefined) {
    await allocations.finish();
    const answers = await Promise.all([
      firstResources,
      evaluate<Record<string, number>>(session, `${STATE_EXPRESSION}.resources()`, { timeoutMs: 2000 }).catch(
        () => ({}),
      ),
      evaluate<VitalSigns['heapSpaces']>(session, `${STATE_EXPRESSION}.spaces()`, { timeoutMs: 2000 }).catch(
        () => [],
      ),
    ]);
    const [first, last, spaces] = answers as [
      Record<string, number>,
      Record<string, number>,
      VitalSigns['heapSpaces'],
    ];
    for (const type of new Set([...Object.keys(first), ...Object.keys(last)]))
      evidence.resources[type] = [first[type] ?? 0, last[type] ?? 0];
    evidence.heapSpaces = spaces;
    // One more ticker turn and batch: the last stretches and collections are on their way.
    await Promise.race([sleep(220), session.closed]);
  } else await allocations.abandon();
  return evidence;
}

/** Starts all parts; one that cannot be had is left out with a note. */
async function startParts(context: PartContext): Promise<InsidePart[]> {
  const parts = await Promise.all(PARTS.map((start) => start(context).catch(() => undefined)));
  return parts.filter((part) => part !== undefined);
}

/** Time kept at the end of the window for stopping profiles, a collection and leaving. */
const LEAVE_MS = 500;

/** Profiles of all threads go into the evidence; a thread that ended meanwhile took its own with it. */
async function recordProfiles(
  session: Session,
  { clock, intervalUs, act, heapUsedBytes, consent }: InsideOptions,
  until: Promise<void>,
  evidence: InsideEvidence,
): Promise<void> {
  const { lateFix, note } = decideLateFix(heapUsedBytes, consent);
  if (note !== undefined) evidence.notes.push(note);
  const { recorded } = await recordThreads(session, {
    clock,
    intervalUs,
    lateFix,
    workers: true,
    until,
    act,
  });
  evidence.profiles.push(...recorded);
}

/** Share of one core the main thread used since this was called, in percent; 0 where it cannot be read. */
function meterMainCpu(pid: number | undefined, clock: WindowClock): () => number {
  const read = () => (pid === undefined ? 0 : (readScheduleStat(pid, pid)?.runNs ?? 0) / 1e6);
  const [runMs, atMs] = [read(), clock.now()];
  return () => (100 * (read() - runMs)) / Math.max(1, clock.now() - atMs);
}

/** Loop turns per second: from libuv's own counter where Node shows it, else by a short burst of immediates. */
async function countLoops(session: Session, samples: readonly BridgeSample[]): Promise<number> {
  const last = samples.at(-1);
  const first = samples.at(-11);
  if (last !== undefined && first !== undefined && last.loops > 0 && last.refreshed > first.refreshed)
    return ((last.loops - first.loops) / (last.refreshed - first.refreshed)) * 1000;
  // The loop is busy anyway (the caller checked), so 50 ms of immediates add next to nothing.
  return evaluate<number>(session, `${STATE_EXPRESSION}.countLoops(50)`, {
    awaitPromise: true,
    timeoutMs: 2000,
  }).catch(() => Number.NaN);
}

/** The loop does not turn: which queues still run, and where it is, with arguments. */
async function examineStuck(
  session: Session,
  { clock, act }: InsideOptions,
  evidence: InsideEvidence,
): Promise<void> {
  const sample = evidence.samples.at(-1);
  await evaluate(session, `${STATE_EXPRESSION}.ask()`, { timeoutMs: 1000 }).catch(() => {});
  await sleep(150);
  const probes = await evaluate<StuckFile['probes']>(session, `({ ...${STATE_EXPRESSION}.probes })`, {
    timeoutMs: 1000,
  }).catch(() => ({ microtask: false, nextTick: false, immediate: false }));
  const pause = await recordPause(session, 600);
  if (pause !== undefined)
    act(
      'paused to read the stack with arguments, resumed',
      pause.pauseMs,
      `paused ${Math.ceil(pause.pauseMs)} ms`,
    );
  const since = sample === undefined || sample.beats === 0 ? 0 : sample.beat - clock.startMs;
  const still = evidence.samples.at(-1);
  // It turned while we asked: a long block, not a stuck loop.
  if (still !== undefined && still.time - still.beat < SUSPECT_MS) {
    evidence.endedStuck = false;
    return;
  }
  evidence.stuck = {
    schema: 'holter.stuck/1',
    since,
    ms: clock.now() - since,
    probes,
    frames: pause?.frames ?? [],
  };
}
