import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import { attachToWorkers } from '../cdp/worker-sessions.ts';
import { readCgroupLimits } from '../linux/cgroup.ts';
import { readMachineMemory } from '../linux/machine.ts';
import { readProcessStatus } from '../linux/process-status.ts';
import type { Action, LeaveCheck, RecordingManifest } from '../recording/manifest.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import { startClock, type WindowClock } from './clock.ts';
import { estimateNeed, type HeapNeed } from './heap-need.ts';
import { inspectorTargetInfo, type VisitTarget } from './visit.ts';
import type { ActSink } from './watch-inside.ts';

export interface HeapVisitOptions {
  force: boolean;
  /** Ctrl-C. */
  signal: AbortSignal;
  /** Version of holter, for the manifest. */
  holter: string;
  /**
   * Whether what is to be done may be done, knowing what it costs; asked once per visit. False ends the visit with
   * E_INTERRUPTED; it may throw what is to be told instead. The target is left as it was in both cases.
   */
  agree: (need: HeapNeed) => Promise<boolean>;
  onStep?: (what: string) => void;
}

/** One thread to look at. */
export interface HeapThread {
  /** `main`, or `worker 3 resize`. */
  name: string;
  session: Session;
}

export interface HeapVisit {
  attachment: Attachment;
  clock: WindowClock;
  act: ActSink;
  /** The process on this machine; undefined behind an inspector address. */
  pid: number | undefined;
}

/**
 * Attaches, lets `work` do something to the heap, and leaves the target as it was, whatever happens. Returns what `work`
 * gave and a manifest without files.
 * @throws HolterError of target/attach, and whatever `work` throws
 */
export async function visitHeap<T>(
  target: VisitTarget,
  options: HeapVisitOptions,
  requestedSeconds: number,
  work: (visit: HeapVisit) => Promise<T>,
): Promise<{ result: T; manifest: RecordingManifest }> {
  const clock = startClock();
  const actions: Action[] = [];
  const act: ActSink = (what, pauseMs, effect) =>
    void actions.push({
      what,
      at: new Date().toISOString(),
      pauseMs,
      ...(effect === undefined ? {} : { effect }),
    });
  options.onStep?.('attaching');
  const pid = target.kind === 'process' ? target.pid : undefined;
  const attachment =
    target.kind === 'process'
      ? await attach(target.pid, { force: options.force, signal: options.signal, watch: false })
      : await attachToUrl(target.url, { watch: false });
  let left: LeaveCheck = { verified: false, leftBehind: [] };
  let result: T;
  try {
    result = await work({ attachment, clock, act, pid });
  } finally {
    options.onStep?.('leaving');
    left = await attachment.leave().catch(() => left);
  }
  const { facts } = attachment;
  const info = target.kind === 'process' ? target.info : inspectorTargetInfo(target.url, facts);
  return {
    result,
    manifest: {
      schema: 'holter.recording/1',
      holter: options.holter,
      target: { ...info, v8: facts.v8, node: facts.node, heapLimitBytes: facts.heapLimitBytes },
      window: {
        startedAt: clock.startedAt,
        startedMonotonicUs: clock.startMs * 1000,
        seconds: clock.now() / 1000,
        requestedSeconds,
        end: options.signal.aborted ? { kind: 'interrupted' } : { kind: 'complete' },
      },
      access: 'inspector',
      files: [],
      actions: [...attachment.acts, ...actions].sort((a, b) => a.at.localeCompare(b.at)),
      inspectorOpenMs: attachment.inspectorOpenMs,
      left,
    },
  };
}

/** The main thread, and every worker thread but holter's own. `leave` ends the sessions with the workers. */
export async function openThreads(
  attachment: Attachment,
): Promise<{ threads: HeapThread[]; leave(): Promise<void> }> {
  const main: HeapThread = { name: 'main', session: attachment.session };
  const workers = await attachToWorkers(attachment.session, (title) => /\bholter$/.test(title));
  return {
    threads: [main, ...workers.map(({ title, session }) => ({ name: threadName(title), session }))],
    async leave() {
      if (attachment.session.isOpen)
        await attachment.session.send('NodeWorker.disable', undefined, { timeoutMs: 1000 }).catch(() => {});
    },
  };
}

/**
 * The thread a user means: `main`, a worker's number or its name.
 * @throws HolterError E_NO_MATCH with the list of threads, E_SEVERAL_MATCHES
 */
export function chooseThread(threads: readonly HeapThread[], wanted: string): HeapThread {
  const found = threads.filter(({ name }) => {
    if (name === wanted || name === `worker ${wanted}`) return true;
    const [, id, title] = /^worker (\d+)\s*(.*)$/.exec(name) ?? [];
    return wanted === id || (title !== undefined && title !== '' && title === wanted);
  });
  if (found.length === 1) return found[0]!;
  const list = threads.map(({ name }) => name).join(', ');
  if (found.length === 0)
    throw new HolterError('E_NO_MATCH', `the process has no thread ${JSON.stringify(wanted)}`, {
      hint: `it has: ${list}`,
    });
  throw new HolterError('E_SEVERAL_MATCHES', `several threads are called ${JSON.stringify(wanted)}`, {
    hint: `give its number: ${list}`,
  });
}

/** What looking at the heap of a thread will cost, from the thread's own numbers and the limits around the process. */
export async function askNeed(
  what: HeapNeed['what'],
  { attachment, pid }: Pick<HeapVisit, 'attachment' | 'pid'>,
  thread: HeapThread,
): Promise<HeapNeed> {
  const inside = await evaluate<{ used: Bytes; free: Bytes }>(
    thread.session,
    `(() => { const builtin = process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require;
      return { used: builtin('v8').getHeapStatistics().used_heap_size, free: process.availableMemory?.() ?? builtin('os').freemem() } })()`,
    { timeoutMs: 10_000 },
  );
  const cgroup = pid === undefined ? undefined : readCgroupLimits(pid);
  return estimateNeed(what, {
    usedHeapBytes: inside.used,
    nodeMajor: Number.parseInt(attachment.facts.node, 10) || 0,
    ...(cgroup?.memoryLimitBytes === undefined || cgroup.memoryUsageBytes === undefined
      ? {}
      : {
          cgroup: {
            limitBytes: cgroup.memoryLimitBytes,
            usageBytes: cgroup.memoryUsageBytes,
            reclaimableBytes: cgroup.memoryReclaimableBytes ?? 0,
          },
        }),
    // Behind an address only the process itself knows its machine.
    machineAvailableBytes: pid === undefined ? inside.free : readMachineMemory().availableBytes,
  });
}

/** Watches the resident memory of a process while something is done to it. */
export function watchRss(pid: number | undefined): { stop(): { before: Bytes; peak: Bytes; after: Bytes } } {
  const read = () => (pid === undefined ? Number.NaN : (readProcessStatus(pid)?.rssBytes ?? Number.NaN));
  const before = read();
  let peak = before;
  const timer = setInterval(() => {
    const now = read();
    if (now > peak) peak = now;
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      const after = read();
      return { before, peak: Math.max(peak, after), after };
    },
  };
}

/** `[worker 3] resize` → `worker 3 resize`. */
function threadName(title: string): string {
  return title.replace(/^\[worker (\d+)\]\s*/, 'worker $1 ').trim();
}
