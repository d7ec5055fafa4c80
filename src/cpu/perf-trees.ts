import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import type { PerfStacks, PerfThread } from './perf-stacks.ts';
import type { NamedTree } from './profile-file.ts';

/** A recording of the whole machine has thousands of threads; the rest is in `all threads` only. */
const THREAD_LIMIT = 200;

export interface PerfTreeOptions {
  /** By event. */
  events: readonly string[];
  /** Pids that perf's map files name: their main threads have the same number. */
  mappedPids: ReadonlySet<number>;
  /** ms to add to all times. */
  offsetMs: number;
  partial: string | undefined;
  notes: string[];
}

/**
 * One tree per thread (built when it is first asked for), main threads first, then by weight; before them `all threads`, where the names of the threads are
 * the outermost frames, when there are several. Only the event that came first gets trees by thread, any other one
 * for all. Time in µs where the event is a clock and the text has periods, else samples are counted.
 */
export function buildPerfTrees(stacks: PerfStacks, options: PerfTreeOptions): NamedTree[] {
  const order = timeOrder(stacks.time.packed());
  const samples = samplesByThread(stacks, order);
  const weightOf = eventWeights(stacks, options.events);
  const nodes = nodesByThread(stacks);
  const trees: NamedTree[] = [];
  const seen = stacks.threads.filter((thread) => thread.samples > 0);
  const eventOrder = [...new Set(seen.map((thread) => thread.event))].sort((a, b) => a - b);
  const others: NamedTree[] = [];
  for (const event of eventOrder) {
    const threads = seen.filter((thread) => thread.event === event);
    const first = event === eventOrder[0];
    const suffix = first ? '' : ` (${options.events[event]})`;
    if (threads.length > 1 || !first) {
      const name = threads.length > 1 ? 'all threads' : threadName(threads[0]!);
      (first ? trees : others).push(
        whenAsked(`${name}${suffix}`, () =>
          buildTree(stacks, nodes, threads, order, weightOf[event]!, true, options),
        ),
      );
    }
    if (!first) continue;
    const sorted = threads
      .map((thread) => ({ thread, main: isIdle(thread) ? -1 : isMain(thread, options.mappedPids) ? 1 : 0 }))
      .sort((a, b) => b.main - a.main || b.thread.samples - a.thread.samples || a.thread.tid - b.thread.tid);
    for (const { thread } of sorted.slice(0, THREAD_LIMIT)) {
      trees.push(
        whenAsked(threadName(thread), () =>
          buildTree(stacks, nodes, [thread], samples(thread), weightOf[event]!, false, options),
        ),
      );
    }
    if (sorted.length > THREAD_LIMIT) {
      options.notes.push(`${THREAD_LIMIT} of ${sorted.length} threads are shown on their own`);
    }
  }
  // Before those of single threads, of which there may be hundreds.
  trees.splice(1, 0, ...others);
  return trees;
}

/** Most callers look at the first tree of a file only, and a machine has hundreds of threads. */
function whenAsked(name: string, build: () => CallTree): NamedTree {
  let built: CallTree | undefined;
  return {
    name,
    get tree() {
      built ??= build();
      return built;
    },
  };
}

function threadName(thread: PerfThread): string {
  return isIdle(thread) ? 'idle CPUs' : `${thread.command} ${thread.tid}`;
}

/** The kernel's own thread for a CPU that has nothing to do. */
function isIdle(thread: PerfThread): boolean {
  return thread.tid <= 0 && thread.command === 'swapper';
}

function isMain(thread: PerfThread, mapped: ReadonlySet<number>): boolean {
  return thread.pid === thread.tid || (thread.pid < 0 && mapped.has(thread.tid));
}

/** Per event: how the period of a sample becomes its weight. */
function eventWeights(stacks: PerfStacks, events: readonly string[]): { clock: boolean }[] {
  const clock = events.map((name) => /^(?:cpu|task)-clock$|^off-CPU$/.test(name));
  for (let i = 0; i < stacks.period.length; i++) {
    if (stacks.period.values[i] === 0) clock[stacks.threads[stacks.thread.values[i]!]!.event] = false;
  }
  return clock.map((isClock) => ({ clock: isClock }));
}

/** Rows of the samples of every thread, by time. */
function samplesByThread(stacks: PerfStacks, order: Int32Array): (thread: PerfThread) => Int32Array {
  const { threads } = stacks;
  const of = stacks.thread.values;
  const start = new Map<PerfThread, number>();
  const next = new Int32Array(threads.length);
  let total = 0;
  for (let index = 0; index < threads.length; index++) {
    start.set(threads[index]!, total);
    next[index] = total;
    total += threads[index]!.samples;
  }
  const rows = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    rows[next[of[row]!]!++] = row;
  }
  return (thread) => rows.subarray(start.get(thread)!, start.get(thread)! + thread.samples);
}

/** Nodes of every thread in the order of the index, thread after thread. */
function nodesByThread(stacks: PerfStacks): { of(thread: PerfThread): Int32Array } {
  const { shape, threads } = stacks;
  const indexOf = new Int32Array(shape.length).fill(-1);
  for (const [index, thread] of threads.entries()) if (thread.node > 0) indexOf[thread.node] = index;
  const start = new Int32Array(threads.length + 1);
  for (let node = 1; node < shape.length; node++) {
    if (indexOf[node] === -1) indexOf[node] = indexOf[shape.parent[node]!]!;
    if (indexOf[node]! >= 0) start[indexOf[node]! + 1]!++;
  }
  for (let index = 0; index < threads.length; index++) start[index + 1]! += start[index]!;
  const next = start.slice();
  const nodes = new Int32Array(start[threads.length]!);
  for (let node = 1; node < shape.length; node++)
    if (indexOf[node]! >= 0) nodes[next[indexOf[node]!]!++] = node;
  return {
    of: (thread) => nodes.subarray(start[indexOf[thread.node]!]!, start[indexOf[thread.node]! + 1]!),
  };
}

function buildTree(
  stacks: PerfStacks,
  nodes: { of(thread: PerfThread): Int32Array },
  threads: readonly PerfThread[],
  order: Int32Array,
  { clock }: { clock: boolean },
  named: boolean,
  options: PerfTreeOptions,
): CallTree {
  const builder = new CallTreeBuilder(clock ? 'microseconds' : 'samples');
  const { shape } = stacks;
  const made = new Int32Array(shape.length).fill(-1);
  const busyRows = new Int32Array(stacks.infos.length).fill(-1);
  const idleRows = busyRows.slice();
  for (const thread of threads) {
    const idle = isIdle(thread);
    const rows = idle ? idleRows : busyRows;
    made[thread.node] = named
      ? builder.child(0, builder.frameRow({ ...ROOT_FRAME, name: thread.command }))
      : 0;
    for (const node of nodes.of(thread)) {
      if (node === thread.node) continue;
      const frame = shape.frame[node]!;
      if (rows[frame] === -1) {
        const info = stacks.infos[frame]!;
        rows[frame] = builder.frameRow(idle ? { ...info, category: 'idle' } : info);
      }
      made[node] = builder.child(made[shape.parent[node]!]!, rows[frame]!);
    }
  }
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  const { time, period, node } = stacks;
  for (let i = 0; i < order.length; i++) {
    const sample = order[i]!;
    const at = made[node.values[sample]!]!;
    if (at < 0) continue;
    const weight = clock ? period.values[sample]! / 1000 : 1;
    if (Number.isNaN(time.values[sample])) {
      builder.addSelf(at, weight);
      continue;
    }
    const ms = time.values[sample]! + options.offsetMs;
    builder.addSample(ms, at, weight);
    from = Math.min(from, ms);
    to = Math.max(to, clock ? ms + weight / 1000 : ms);
  }
  return builder.finish({ from: from === Number.POSITIVE_INFINITY ? 0 : from, to, partial: options.partial });
}

/** Samples by time: perf writes them so, but a text may be several put together. */
function timeOrder(time: Float64Array): Int32Array {
  const order = Int32Array.from(time, (_, i) => i);
  let sorted = true;
  for (let i = 1; i < time.length; i++) if (time[i]! < time[i - 1]!) sorted = false;
  return sorted ? order : order.sort((a, b) => time[a]! - time[b]! || a - b);
}
