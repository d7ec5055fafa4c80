import { PAGE_ROOMS, type PageProfile, type PageRoom } from '../../src/render/page-data.ts';

/** The page's seven rooms in the order of the legend. */
export const ROOMS: readonly PageRoom[] = PAGE_ROOMS;
export const ROOM_LABELS: Record<PageRoom, string> = {
  user: 'Your code',
  dependency: 'Dependencies',
  core: 'Node core',
  native: 'Native',
  kernel: 'Kernel',
  gc: 'Garbage collection',
  idle: 'Idle',
};
export const USER = 0;
export const DEPENDENCY = 1;
export const CORE = 2;
export const NATIVE = 3;
export const KERNEL = 4;
export const GC = 5;
export const IDLE = 6;

/** A PageProfile (src/render/page-data.ts) flattened for the views. */
export interface ProfileTables {
  thread: string;
  unit: PageProfile['unit'];
  /** ms after window start. */
  from: number;
  to: number;
  partial: string;
  name: string[];
  file: string[];
  /** 1-based, 0 unknown. */
  line: Int32Array;
  column: Int32Array;
  package: string[];
  /** Index into ROOMS by frame. */
  room: Uint8Array;
  /** Number of nodes; columns below are by node. Node 0 is the root, parents come before children. */
  length: number;
  parent: Int32Array;
  frame: Int32Array;
  self: Float64Array;
  /** Self weight in the other profile of a comparison. */
  before: Float64Array | null;
  /** In time order. */
  samples: { time: Float64Array; node: Int32Array; weight: Float64Array };
  lines: { node: Int32Array; line: Int32Array; weight: Float64Array };
  /** Lines from which expensive code is called; null where no sources were at hand. */
  calls: NonNullable<PageProfile['calls']> | null;
  blamedNodes: number[][];
}

export function openProfile(profile: PageProfile): ProfileTables {
  const { frames, nodes, samples } = profile;
  return {
    thread: profile.thread,
    unit: profile.unit,
    from: profile.from,
    to: profile.to,
    partial: profile.partial ?? '',
    name: frames.name.map((name) => name || '(anonymous)'),
    file: frames.file,
    line: frames.line,
    column: frames.column,
    package: frames.package,
    room: frames.room,
    length: nodes.parent.length,
    parent: nodes.parent,
    frame: nodes.frame,
    self: nodes.self,
    before: profile.before ?? null,
    samples:
      samples.weight.length === samples.time.length
        ? samples
        : { ...samples, weight: timesToNext(samples.time, profile.to) },
    lines: profile.lines,
    calls: profile.calls ?? null,
    blamedNodes: profile.blamedNodes,
  };
}

/** µs from each time (ms) to the next, for the last to `to`. */
function timesToNext(time: Float64Array, to: number): Float64Array {
  const out = new Float64Array(time.length);
  for (let i = 0; i < out.length; i++)
    out[i] = Math.max(0, ((i + 1 < out.length ? time[i + 1]! : to) - time[i]!) * 1000);
  return out;
}

/** Index of the first time at or after `ms`. */
export function firstAtOrAfter(time: Float64Array, ms: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Self weight per node of the samples taken in [fromMs, toMs), and how many those are. */
export function weightsBetween(
  tables: ProfileTables,
  fromMs: number,
  toMs: number,
): { self: Float64Array; count: number } {
  const self = new Float64Array(tables.length);
  const { time, node, weight } = tables.samples;
  const first = firstAtOrAfter(time, fromMs);
  const end = firstAtOrAfter(time, toMs);
  for (let i = first; i < end; i++) self[node[i]!]! += weight[i]!;
  return { self, count: Math.max(0, end - first) };
}

/** `app/auth.js:37`, or the path alone when the line is unknown. */
export function placeText(tables: ProfileTables, frame: number): string {
  const file = tables.file[frame] ?? '';
  const line = tables.line[frame] ?? 0;
  return line > 0 && file !== '' ? `${file}:${line}` : file;
}
