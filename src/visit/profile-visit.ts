import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Bytes, Microseconds, Milliseconds, Seconds } from '../base/units.ts';
import { classifyThreads, readPoolSize, surveyThreads } from '../linux/thread-role.ts';
import { readScheduleStat, type ScheduleStat } from '../linux/threads.ts';
import type { Action, EvidenceFile, KernelTime, RecordingManifest } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import { listNodeDescendants } from '../target/descendants.ts';
import { startClock, type WindowClock } from './clock.ts';
import { gatherSources } from './gather-sources.ts';
import { decideLateFix, type RecordedThread, recordThreads } from './record-threads.ts';
import { inspectorTargetInfo, type VisitTarget } from './visit.ts';

export interface ProfileVisitOptions {
  /**
   * What is to be profiled: called when the profilers run, recording ends when it settles. `signal` aborts on Ctrl-C and
   * when the target goes. An error of it is thrown, after the target was left as it was and the profile written.
   */
  during: (signal: AbortSignal) => Promise<unknown>;
  /** Length asked for, for the manifest. */
  requestedSeconds: Seconds;
  intervalUs: Microseconds;
  /** Worker threads too. */
  workers: boolean;
  /** Further processes (children, cluster workers), by pid. One that cannot be attached to is noted and left out. */
  children: readonly number[];
  /** Sampled allocations instead of CPU time. */
  allocations?: { intervalBytes: Bytes; keepFreed: boolean };
  force: boolean;
  /** Pauses over about half a second were agreed to. */
  consent: boolean;
  writer: RecordingWriter;
  /** Version of holter, for the manifest. */
  holter: string;
  /** Ctrl-C: stop early, leave cleanly, keep what was recorded. */
  signal: AbortSignal;
  onStep?: (what: string) => void;
  /** Files written at the end, beside the profiles, e.g. the result of a load. */
  extraFiles?: () => { file: EvidenceFile; content: string }[];
}

interface Visited {
  /** Undefined for the target itself. */
  child: number | undefined;
  attachment: Attachment;
  /** Process on this machine, for what the kernel counts; undefined behind an inspector address. */
  pid: number | undefined;
  threads: RecordedThread[];
  /** Of the main thread. */
  kernelTime?: KernelTime;
}

/** Over this used heap, reading allocations (one full collection) pauses longer than half a second. */
const COLLECTION_LIMIT_BYTES = 512 * 2 ** 20;

/**
 * One visit that only profiles: attaches to the target (and its children), records CPU or allocation profiles while
 * `during` runs, leaves all as they were, and writes the recording.
 *
 * @throws HolterError of target/attach, E_TARGET_EXITED when the target ended before its profile could be read, E_TIMEOUT,
 *   E_WRITE, and whatever `during` throws
 */
export async function profileVisit(
  target: VisitTarget,
  options: ProfileVisitOptions,
): Promise<RecordingManifest> {
  const { writer, signal, onStep } = options;
  const clock = startClock();
  const actions: Action[] = [];
  const notes: string[] = [];
  const visited: Visited[] = [];
  let failure: { error: unknown } | undefined;
  let left: RecordingManifest['left'] = { verified: true, leftBehind: [] };
  let exitedAtMs: number | undefined;
  let recordedMs: Milliseconds | undefined;
  let interrupted = false;

  try {
    onStep?.('attaching');
    const attachment =
      target.kind === 'process'
        ? await attach(target.pid, { force: options.force, signal, watch: false })
        : await attachToUrl(target.url, { watch: false });
    visited.push({
      child: undefined,
      attachment,
      pid: target.kind === 'process' ? target.pid : undefined,
      threads: [],
    });
    if (target.kind === 'process') notes.push(...describeLeftOut(target.pid, options));
    // One after the other: each opens the inspector's port for a moment, and there is one port.
    for (const pid of options.children) {
      onStep?.(`attaching to ${pid}`);
      try {
        visited.push({
          child: pid,
          attachment: await attach(pid, { force: options.force, signal, watch: false }),
          pid,
          threads: [],
        });
      } catch (error) {
        if (!(error instanceof HolterError)) throw error;
        notes.push(`process ${pid} was left out: ${error.message}`);
      }
    }
    onStep?.(options.allocations === undefined ? 'profiling' : 'sampling allocations');
    failure = await recordAll(visited, options, clock, actions, notes);
    // Leaving takes a second and more, and a Ctrl-C during it stops nothing.
    recordedMs = clock.now();
    interrupted = signal.aborted;
    if (!attachment.session.isOpen) exitedAtMs = clock.now();
  } catch (error) {
    failure = { error };
  } finally {
    onStep?.('leaving');
    for (const { attachment, child } of visited) {
      const check = await attachment.leave().catch(() => ({ verified: false, leftBehind: [] }));
      left = {
        verified: left.verified && check.verified,
        leftBehind: [...left.leftBehind, ...check.leftBehind],
      };
      for (const action of attachment.acts)
        actions.push(child === undefined ? action : { ...action, what: `process ${child}: ${action.what}` });
    }
  }
  const [main] = visited;
  if (main === undefined || visited.every(({ threads }) => threads.length === 0))
    throw (
      failure?.error ??
      new HolterError('E_TARGET_EXITED', 'the target ended before its profile could be read')
    );

  const seconds = (recordedMs ?? clock.now()) / 1000;
  onStep?.('writing');
  await writeProfiles(writer, visited, options.allocations);
  const { facts } = main.attachment;
  const all = visited.flatMap(({ threads }) => threads);
  const sources = await gatherSources(
    options.allocations === undefined
      ? { profiles: all }
      : options.allocations.keepFreed
        ? { allocationAll: all[0]!.json }
        : { allocationLive: all[0]!.json },
    target.kind === 'process' ? target.pid : undefined,
    [facts.cwd].filter((folder) => folder !== ''),
  );
  await writer.add({ name: 'sources.json', kind: 'sources' }, JSON.stringify(sources));
  for (const { file, content } of options.extraFiles?.() ?? []) await writer.add(file, content);

  const info: TargetInfo = target.kind === 'process' ? target.info : inspectorTargetInfo(target.url, facts);
  const manifest: RecordingManifest = {
    schema: 'holter.recording/1',
    holter: options.holter,
    target: { ...info, v8: facts.v8, node: facts.node, heapLimitBytes: facts.heapLimitBytes },
    window: {
      startedAt: clock.startedAt,
      startedMonotonicUs: clock.startMs * 1000,
      seconds,
      requestedSeconds: options.requestedSeconds,
      end:
        exitedAtMs !== undefined
          ? { kind: 'target-exited', atMs: exitedAtMs, how: '' }
          : interrupted
            ? { kind: 'interrupted' }
            : { kind: 'complete' },
    },
    access: 'inspector',
    files: [...writer.files],
    actions: actions.sort((a, b) => a.at.localeCompare(b.at)),
    ...(notes.length === 0 ? {} : { notes }),
    inspectorOpenMs: Math.max(...visited.map(({ attachment }) => attachment.inspectorOpenMs)),
    left,
  };
  await writer.finish(manifest);
  if (failure !== undefined) throw failure.error;
  return manifest;
}

/** Threads and processes that belong to the target and are not profiled: whoever misses them must know how to get them. */
function describeLeftOut(pid: number, { workers, children }: ProfileVisitOptions): string[] {
  const notes: string[] = [];
  const survey = surveyThreads(pid);
  const roles = classifyThreads(pid, survey, readPoolSize(pid));
  // The bridge is a worker too, and told apart by its name only where Node names threads.
  const isNamed = survey.threads.some(({ comm }) => comm.startsWith('holter'));
  const others = [...roles.values()].filter((role) => role === 'worker').length - (isNamed ? 0 : 1);
  if (!workers && others > 0)
    notes.push(
      `${others === 1 ? 'A worker thread was' : `${others} worker threads were`} not profiled: --threads does.`,
    );
  const below = listNodeDescendants(pid).filter((child) => !children.includes(child)).length;
  if (below > 0)
    notes.push(
      `${below === 1 ? 'A Node process' : `${below} Node processes`} below it ${below === 1 ? 'was' : 'were'} not profiled: --children does.`,
    );
  return notes;
}

/** Records all threads of all visited processes while `during` runs. Returns the error that `during` or the target's main thread ended with. */
async function recordAll(
  visited: readonly Visited[],
  options: ProfileVisitOptions,
  clock: WindowClock,
  actions: Action[],
  notes: string[],
): Promise<{ error: unknown } | undefined> {
  const gone = new AbortController();
  const ended = AbortSignal.any([options.signal, gone.signal]);
  let settle: () => void = () => {};
  const until = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let started = 0;
  let allStarted: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    allStarted = resolve;
  });
  const recording = visited.map(async (one) => {
    const { attachment, child } = one;
    const { heapUsedBytes } = attachment.facts;
    const who = child === undefined ? '' : `process ${child}: `;
    const { lateFix, note } = decideLateFix(heapUsedBytes, options.consent);
    if (note !== undefined && options.allocations === undefined) notes.push(who + note);
    if (options.allocations !== undefined && heapUsedBytes > COLLECTION_LIMIT_BYTES && !options.consent)
      throw new HolterError(
        'E_USAGE',
        `reading the allocations of a heap of ${Math.round(heapUsedBytes / 1e6)} MB would pause the process for about ${(heapUsedBytes / 1e9).toFixed(1)} s`,
        { hint: 'add --yes to agree' },
      );
    const result = await recordThreads(attachment.session, {
      clock,
      intervalUs: options.intervalUs,
      lateFix,
      workers: options.workers,
      until,
      act: (what, pauseMs, effect) =>
        void actions.push({
          what: who + what,
          at: new Date().toISOString(),
          pauseMs,
          ...(effect === undefined ? {} : { effect }),
        }),
      onStarted: () => {
        if (++started === visited.length) allStarted();
      },
      ...(options.allocations === undefined ? {} : { allocations: options.allocations }),
    });
    one.threads.push(...result.recorded);
    if (result.skipped > 0)
      notes.push(`${who}${result.skipped} more worker threads were not profiled (16 at most)`);
    for (const { thread, error } of result.failures) {
      if (thread === 'main' && child === undefined) throw targetError(attachment, error);
      notes.push(`${who}${thread}: no profile (${error instanceof Error ? error.message : String(error)})`);
    }
  });
  const finished = Promise.allSettled(recording);
  // A profiler that does not start (native code) is waited for a little; it catches up or says so at the end.
  await Promise.race([ready, finished, visited[0]!.attachment.session.closed, delay(3000)]);
  void visited[0]!.attachment.session.closed.then(() => gone.abort());
  const begun = readKernel(visited, clock);
  let failure: { error: unknown } | undefined;
  const during = options.during(ended).catch((error: unknown) => {
    failure = { error };
  });
  // A recorder that fails before the end (no consent, target gone) ends the wait too.
  await Promise.race([during, Promise.all(recording).catch(() => gone.abort())]);
  // Before the profilers stop: what that costs is no work of the program.
  for (const [index, end] of readKernel(visited, clock).entries()) {
    const time = kernelTimeBetween(begun[index], end);
    if (time !== undefined) visited[index]!.kernelTime = time;
  }
  settle();
  const results = await finished;
  gone.abort();
  await during;
  const failed = results.find((result) => result.status === 'rejected');
  return failed === undefined ? failure : { error: failed.reason };
}

interface KernelReading extends ScheduleStat {
  atMs: Milliseconds;
}

/** What the kernel counted so far for the main thread of each process. */
function readKernel(visited: readonly Visited[], clock: WindowClock): (KernelReading | undefined)[] {
  return visited.map(({ pid }) => {
    const stat = pid === undefined ? undefined : readScheduleStat(pid, pid);
    return stat === undefined ? undefined : { ...stat, atMs: clock.now() };
  });
}

function kernelTimeBetween(
  begin: KernelReading | undefined,
  end: KernelReading | undefined,
): KernelTime | undefined {
  if (begin === undefined || end === undefined || end.atMs <= begin.atMs) return undefined;
  return {
    seconds: (end.atMs - begin.atMs) / 1000,
    runMs: (end.runNs - begin.runNs) / 1e6,
    waitMs: (end.waitNs - begin.waitNs) / 1e6,
  };
}

function targetError(attachment: Attachment, error: unknown): unknown {
  if (attachment.session.isOpen) return error;
  return new HolterError(
    'E_TARGET_EXITED',
    'the target ended while it was profiled; its profile went with it',
    {
      hint: 'for a process that ends by itself: node --cpu-prof app.js, then holter cpu FILE.cpuprofile',
      cause: error,
    },
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

async function writeProfiles(
  writer: RecordingWriter,
  visited: readonly Visited[],
  allocations: ProfileVisitOptions['allocations'],
): Promise<void> {
  for (const { child, threads, kernelTime } of visited) {
    for (const [index, { thread, json, fromMs, toMs }] of threads.entries()) {
      const what =
        thread === 'main' ? (allocations === undefined ? 'main' : kindName(allocations)) : `worker-${index}`;
      const stem = child === undefined ? what : `process-${child}-${what}`;
      await writer.add(
        {
          name: `${stem}.${allocations === undefined ? 'cpuprofile' : 'heapprofile'}`,
          kind: allocations === undefined ? 'cpu-profile' : 'allocation-profile',
          thread,
          fromMs,
          toMs,
          ...(child === undefined ? {} : { pid: child }),
          ...(thread === 'main' && kernelTime !== undefined ? { kernelTime } : {}),
        },
        json,
      );
    }
  }
}

/** As `holter doctor` names them. */
function kindName({ keepFreed }: { keepFreed: boolean }): string {
  return keepFreed ? 'all' : 'live';
}
