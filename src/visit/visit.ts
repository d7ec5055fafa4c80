import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Seconds } from '../base/units.ts';
import { buildInside, explainStretches } from '../metrics/inside.ts';
import { poolSeries } from '../metrics/pool-recording.ts';
import { readBlockedState } from '../metrics/record-blocked-state.ts';
import { type OutsideSampler, startOutsideSampling } from '../metrics/record-outside.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { writeVitals } from '../metrics/vitals-file.ts';
import type { Action, EvidenceFile, RecordingManifest, WindowEnd } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import type { InsideFacts } from '../target/inside-facts.ts';
import { startClock, type WindowClock } from './clock.ts';
import { gatherSources } from './gather-sources.ts';
import type { HeapNeed } from './heap-need.ts';
import { recordNativeStacks } from './native-part.ts';
import type { BlockStacksFile, ExternalAllocationsFile, StuckFile } from './raw-stack.ts';
import { recordHeapGrowth } from './record-heap-growth.ts';
import { startPoolRecording } from './record-pool.ts';
import { recordStacks, type StackRecording } from './record-stacks.ts';
import { type InsideEvidence, watchInside } from './watch-inside.ts';

export type VisitTarget =
  | { kind: 'process'; pid: number; info: TargetInfo }
  /** An inspector by URL: nothing can be seen from outside. */
  | { kind: 'inspector'; url: string };

export interface VisitOptions {
  seconds: Seconds;
  /** CPU sampling interval in microseconds. */
  intervalUs: number;
  /** Wake the inspector without a signal where a signal is unsafe. */
  force: boolean;
  /** Pauses over about half a second were agreed to. */
  consent: boolean;
  writer: RecordingWriter;
  /** Version of holter, for the manifest. */
  holter: string;
  /** Ctrl-C: stop early, leave cleanly, keep what was seen. */
  signal: AbortSignal;
  /** For a progress line: what is happening. */
  onStep?: (what: string) => void;
  /**
   * Two heap snapshots when the heap seems to grow, after the window, so that their pauses are not taken for the
   * program's. Asked before; false or an error leaves them out with a note.
   */
  heap?: { agree: (need: HeapNeed) => Promise<boolean> };
  /** More for the recording, asked for when the target is left: what put load on it, for example. */
  extraFiles?: () => Promise<{ file: EvidenceFile; content: string }[]>;
}

/** Problems of getting in that leave the view from outside: a verdict from /proc is better than none. */
const OUTSIDE_ONLY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_SIGNAL_UNSAFE',
  'E_INSPECTOR_DISABLED',
  'E_INSPECTOR_NO_ANSWER',
  'E_NATIVE_BLOCK',
  'E_INSPECTOR_REFUSED',
]);

/**
 * One visit: watches a target for a window from outside and inside, leaves it as it was, and writes the recording.
 * Judges nothing.
 *
 * @throws HolterError of target/attach (what cannot be worked around), E_TARGET_EXITED when it ended before anything
 *   was seen, E_WRITE
 */
export async function visit(target: VisitTarget, options: VisitOptions): Promise<RecordingManifest> {
  const { writer, signal } = options;
  const clock = startClock();
  const actions: Action[] = [];
  const act = (what: string, pauseMs: number, effect?: string): void =>
    void actions.push({
      what,
      at: new Date().toISOString(),
      pauseMs,
      ...(effect === undefined ? {} : { effect }),
    });

  const outside =
    target.kind === 'process'
      ? startOutsideSampling(target.pid, { intervalMs: 100, startedMonotonicUs: clock.startMs * 1000 })
      : undefined;
  const pool =
    target.kind === 'process' ? await startPoolRecording(target.pid, () => clock.now()) : undefined;
  let attachment: Attachment | undefined;
  let inside: InsideEvidence | undefined;
  let accessProblem: string | undefined;
  let nativeStuck: StuckFile | undefined;
  let stacks: BlockStacksFile['stacks'] = [];
  let left: RecordingManifest['left'] = { verified: true, leftBehind: [] };
  let ended: { seconds: number; outside: ReturnType<OutsideSampler['stop']> | undefined } | undefined;
  try {
    try {
      options.onStep?.('attaching');
      attachment =
        target.kind === 'process'
          ? await attach(target.pid, { force: options.force, signal, timeoutMs: NATIVE_AFTER_MS })
          : await attachToUrl(target.url);
    } catch (error) {
      if (!(error instanceof HolterError) || target.kind !== 'process' || !OUTSIDE_ONLY.has(error.code))
        throw error;
      accessProblem = error.message;
      if (error.hint !== undefined) accessProblem += ` (${error.hint})`;
      act('read /proc and its threads; not attached', 0, 'no effect');
      if (error.code === 'E_NATIVE_BLOCK') {
        act(
          'SIGUSR1, after checking that Node catches it',
          0,
          'pending; a guard closes the inspector when it opens',
        );
        // Before the looks: what it waited in has another name after it was stopped.
        const native = await describeNativeBlock(target.pid, clock);
        const found = await lookFromOutside(target.pid, { count: NATIVE_LOOKS, clock, signal, act });
        if (found === undefined || isOneCall(found, clock, NATIVE_CALL_MS)) {
          stacks = found?.stacks ?? [];
          nativeStuck = { ...native, ms: clock.now(), frames: stacks.at(-1)?.frames ?? [] };
        } else {
          accessProblem = `SIGUSR1 was not answered within ${NATIVE_AFTER_MS / 1000} s, but JavaScript comes and goes: the program may have a handler of its own for it`;
          await waitOutside(clock, options.seconds, signal, outside);
        }
      } else {
        const count = Math.min(OUTSIDE_LOOKS, Math.floor((options.seconds * 1000) / OUTSIDE_EVERY_MS));
        const native = await describeNativeBlock(target.pid, clock);
        const found = await lookFromOutside(target.pid, { count, clock, signal, act });
        if (isOneCall(found, clock, ONE_CALL_MS) && found.wasResumed !== true) {
          stacks = found.stacks;
          const ms = clock.now() - found.sameSince;
          nativeStuck = { ...native, since: found.sameSince, ms, frames: stacks.at(-1)?.frames ?? [] };
        } else await waitOutside(clock, options.seconds, signal, outside);
      }
    }
    if (attachment !== undefined) {
      options.onStep?.('watching');
      inside = await watchInside(attachment.session, {
        clock,
        untilMs: options.seconds * 1000,
        intervalUs: options.intervalUs,
        consent: options.consent,
        heapUsedBytes: attachment.facts.heapUsedBytes,
        node: attachment.facts.node,
        act,
        signal,
        ...(target.kind === 'process' ? { pid: target.pid } : {}),
      });
      if (options.heap !== undefined && inside.forcedGc.length > 0 && !inside.endedStuck) {
        ended = { seconds: clock.now() / 1000, outside: outside?.stop() };
        // The bridge goes on sending: what it sends now is of the snapshots.
        inside = freezeEvidence(inside);
        const pid = target.kind === 'process' ? target.pid : undefined;
        inside.notes.push(
          ...(await recordHeapGrowth(
            { attachment, clock, act, pid },
            { ...options.heap, writer, signal, seconds: options.seconds, onStep: options.onStep },
          )),
        );
      }
      options.onStep?.('leaving');
      left = await attachment.leave();
    }
  } catch (error) {
    await attachment?.leave().catch(() => {});
    outside?.stop();
    pool?.stop();
    throw error;
  }
  const poolRecording = pool?.stop();

  const seconds = ended?.seconds ?? clock.now() / 1000;
  const outsideResult = ended === undefined ? outside?.stop() : ended.outside;
  if (target.kind === 'process' && isBusy(outsideResult)) {
    options.onStep?.('looking into native code');
    const done = await recordNativeStacks(target.pid, writer, signal);
    if (done !== undefined) act(done, 0, 'detached');
  }
  const signs = inside === undefined ? undefined : buildInside(inside.samples, inside.batches, clock.startMs);
  const vitals: VitalSigns = {
    seconds,
    series: new Map(
      [
        ...(outsideResult?.series ?? []),
        ...(signs?.series ?? []),
        ...(poolRecording === undefined ? [] : poolSeries(poolRecording)),
      ].map((series) => [series.name, series]),
    ),
    blocked: signs?.blocked ?? [],
    gc: signs?.gc ?? [],
    forcedGc: inside?.forcedGc ?? [],
    resources: inside?.resources ?? {},
    heapSpaces: inside?.heapSpaces ?? [],
    ...(signs === undefined ? {} : { requests: signs.requests }),
    ...(Number.isFinite(inside?.loopIterationsPerSecond ?? Number.NaN)
      ? { loopIterationsPerSecond: inside?.loopIterationsPerSecond as number }
      : {}),
  };
  for (const { fromMs, ownBytes } of inside?.files ?? [])
    if (fromMs !== undefined && ownBytes !== undefined) leaveOut(vitals, fromMs, ownBytes);
  explainStretches(vitals.blocked, vitals.gc, vitals.series.get('sched.main_wait_percent'));
  maskUtilisation(vitals, inside);

  options.onStep?.('writing');
  await writeEvidence(writer, vitals, inside, nativeStuck, stacks);
  if (inside !== undefined || stacks.length > 0) {
    const cwd = attachment?.facts.cwd ?? (target.kind === 'process' ? target.info.cwd : '');
    const sources = await gatherSources(
      inside ?? { blockStacks: stacks },
      target.kind === 'process' ? target.pid : undefined,
      [cwd].filter((folder) => folder !== ''),
    );
    await writer.add({ name: 'sources.json', kind: 'sources' }, JSON.stringify(sources));
  }

  if (poolRecording !== undefined) {
    act('read the variables of libuv’s pool out of its memory, five times a second', 0, 'no effect');
    await writer.add({ name: 'pool.json', kind: 'pool' }, JSON.stringify(poolRecording));
  }

  for (const { file, content } of (await options.extraFiles?.()) ?? []) await writer.add(file, content);

  const facts = attachment?.facts;
  const info: TargetInfo = target.kind === 'process' ? target.info : inspectorTargetInfo(target.url, facts);
  const manifest: RecordingManifest = {
    schema: 'holter.recording/1',
    holter: options.holter,
    target: {
      ...info,
      ...(facts === undefined
        ? {}
        : { v8: facts.v8, node: facts.node, heapLimitBytes: facts.heapLimitBytes }),
    },
    window: {
      startedAt: clock.startedAt,
      startedMonotonicUs: clock.startMs * 1000,
      seconds,
      requestedSeconds: options.seconds,
      end: windowEnd(outsideResult?.exitedAtMs, inside, nativeStuck, signal),
    },
    access: inside === undefined ? 'outside' : 'inspector',
    ...(accessProblem === undefined ? {} : { accessProblem }),
    files: [...writer.files],
    actions: [...(attachment?.acts ?? []), ...actions].sort((a, b) => a.at.localeCompare(b.at)),
    ...(inside === undefined || inside.notes.length === 0 ? {} : { notes: inside.notes }),
    inspectorOpenMs: attachment?.inspectorOpenMs ?? 0,
    left,
  };
  await writer.finish(manifest);
  return manifest;
}

/** CPU of the main thread from which on it is worth to know where in native code it is, %. */
const BUSY_PERCENT = 60;

/** By what the thread used and waited for in the second half of the window. */
function isBusy(outside: ReturnType<OutsideSampler['stop']> | undefined): boolean {
  const of = (name: string): Float64Array | number[] =>
    [...(outside?.series ?? [])].find((series) => series.name === name)?.value ?? [];
  const demand = Array.from(of('cpu.main_percent'), (value, at) => {
    const wait = of('sched.main_wait_percent')[at] ?? 0;
    return value + (Number.isFinite(wait) ? wait : 0);
  }).filter(Number.isFinite);
  const late = demand.slice(Math.floor(demand.length / 2)).sort((a, b) => a - b);
  return outside?.exitedAtMs === undefined && (late[Math.floor(late.length / 2)] ?? 0) >= BUSY_PERCENT;
}

/** What is known of a target behind a URL: what it says itself. */
export function inspectorTargetInfo(url: string, facts: InsideFacts | undefined): TargetInfo {
  return {
    pid: facts?.pid ?? 0,
    name: facts?.title ?? url,
    node: facts?.node ?? '',
    v8: facts?.v8 ?? '',
    command: facts?.argv.join(' ') ?? '',
    cwd: facts?.cwd ?? '',
    startedAt: facts === undefined ? '' : new Date(Date.now() - facts.uptimeSeconds * 1000).toISOString(),
    threads: 0,
    cores: 0,
  };
}

/** The evidence as it is now: the listeners of the session go on filling the original. */
function freezeEvidence(inside: InsideEvidence): InsideEvidence {
  return {
    ...inside,
    samples: [...inside.samples],
    batches: [...inside.batches],
    blockStacks: [...inside.blockStacks],
    notes: [...inside.notes],
  };
}

/** A signal unanswered for so long, with the loop not at rest, is a native block. A stuck process is told within 5 s. */
const NATIVE_AFTER_MS = 3000;

/** Looks at the stack of a process that is in native code. */
const NATIVE_LOOKS = 6;
/** The looks come after a signal that waited for 3 s: this much of one call is enough not to take many calls for one. */
const NATIVE_CALL_MS = 700;
/** Of one whose inspector cannot be had: enough time to tell one call that goes on from many short ones. */
const OUTSIDE_LOOKS = 8;
const OUTSIDE_EVERY_MS = 450;
/** As of event-loop-stuck: what is shorter is a blocked stretch, of which looks from outside know nothing. */
const ONE_CALL_MS = 2600;

type LookOptions = {
  count: number;
  clock: WindowClock;
  signal: AbortSignal;
  act: (what: string, pauseMs: number, effect?: string) => void;
};

async function lookFromOutside(
  pid: number,
  { count, clock, signal, act }: LookOptions,
): Promise<StackRecording | undefined> {
  const everyMs = count === NATIVE_LOOKS ? 200 : OUTSIDE_EVERY_MS;
  const found = await recordStacks(pid, { count, everyMs, now: () => clock.now(), signal });
  const pausesMs = found?.pausesMs ?? [];
  for (const pauseMs of pausesMs)
    act('stopped, stack of the main thread read from its memory, continued', Math.round(pauseMs * 10) / 10);
  return found;
}

/** True when all looks saw one call that never returned; the loop has not turned since. */
function isOneCall(
  found: StackRecording | undefined,
  clock: WindowClock,
  ms: number,
): found is StackRecording & { sameSince: number } {
  return found?.sameSince !== undefined && clock.now() - found.sameSince >= ms;
}

async function describeNativeBlock(pid: number, clock: WindowClock): Promise<StuckFile> {
  const native = await readBlockedState(pid);
  return {
    schema: 'holter.stuck/1',
    since: 0,
    ms: clock.now(),
    probes: { microtask: false, nextTick: false, immediate: false },
    frames: [],
    ...(native === undefined ? {} : { native }),
  };
}

async function waitOutside(
  clock: WindowClock,
  seconds: number,
  signal: AbortSignal,
  outside: OutsideSampler | undefined,
): Promise<void> {
  while (clock.now() < seconds * 1000 && !signal.aborted && outside?.exited !== true) await sleep(50);
}

/** Takes what a recorder of ours holds in the target's external memory out of its vital signs. */
function leaveOut(vitals: VitalSigns, fromMs: number, bytes: number): void {
  for (const name of ['memory.external_bytes', 'memory.array_buffers_bytes'] as const) {
    const series = vitals.series.get(name);
    if (series === undefined) continue;
    for (let at = 0; at < series.time.length; at++)
      if (series.time[at]! >= fromMs) series.value[at] = Math.max(0, series.value[at]! - bytes);
  }
  for (const forced of vitals.forcedGc)
    if (forced.at >= fromMs) forced.externalAfterBytes = Math.max(0, forced.externalAfterBytes - bytes);
  for (const gc of vitals.gc)
    if (gc.at >= fromMs && gc.externalAfterBytes !== undefined)
      gc.externalAfterBytes = Math.max(0, gc.externalAfterBytes - bytes);
}

/** The loop's utilisation means nothing while V8's profiler runs (research/fleet.md 3.6). */
function maskUtilisation(vitals: VitalSigns, inside: InsideEvidence | undefined): void {
  const series = vitals.series.get('loop.utilisation_percent');
  if (series === undefined || inside === undefined || inside.profiles.length === 0) return;
  series.masked = inside.profiles.map(({ fromMs, toMs }) => ({
    fromMs,
    toMs,
    why: 'not valid while profiling',
  }));
}

function windowEnd(
  exitedAtMs: number | undefined,
  inside: InsideEvidence | undefined,
  nativeStuck: StuckFile | undefined,
  signal: AbortSignal,
): WindowEnd {
  if (exitedAtMs !== undefined) return { kind: 'target-exited', atMs: exitedAtMs, how: '' };
  if (inside?.endedStuck || nativeStuck !== undefined) return { kind: 'stuck' };
  if (signal.aborted) return { kind: 'interrupted' };
  return { kind: 'complete' };
}

async function writeEvidence(
  writer: RecordingWriter,
  vitals: VitalSigns,
  inside: InsideEvidence | undefined,
  nativeStuck: StuckFile | undefined,
  outsideStacks: BlockStacksFile['stacks'],
): Promise<void> {
  await writer.add({ name: 'vitals.json', kind: 'vitals' }, writeVitals(vitals));
  const stuck = inside?.stuck ?? nativeStuck;
  if (stuck !== undefined) await writer.add({ name: 'stuck.json', kind: 'stuck' }, JSON.stringify(stuck));
  const stacks: BlockStacksFile = {
    schema: 'holter.block-stacks/1',
    stacks: inside?.blockStacks ?? outsideStacks,
  };
  if (stacks.stacks.length > 0)
    await writer.add({ name: 'block-stacks.json', kind: 'block-stacks' }, JSON.stringify(stacks));
  if (inside === undefined) return;
  for (const [index, { thread, json, fromMs, toMs }] of inside.profiles.entries()) {
    const name = thread === 'main' ? 'main.cpuprofile' : `worker-${index}.cpuprofile`;
    await writer.add({ name, kind: 'cpu-profile', thread, fromMs, toMs }, json);
  }
  if (inside.allocationAll !== undefined)
    await writer.add(
      { name: 'all.heapprofile', kind: 'allocation-profile', thread: 'main' },
      inside.allocationAll,
    );
  if (inside.allocationLive !== undefined)
    await writer.add(
      { name: 'live.heapprofile', kind: 'allocation-profile', thread: 'main' },
      inside.allocationLive,
    );
  for (const { name, kind, json, fromMs, toMs } of inside.files)
    await writer.add(
      { name, kind, ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) },
      json,
    );
  const external: ExternalAllocationsFile = {
    schema: 'holter.external-allocations/1',
    stacks: inside.external,
  };
  if (external.stacks.length > 0)
    await writer.add(
      { name: 'external-allocations.json', kind: 'external-allocations' },
      JSON.stringify(external),
    );
}
