import type { PageProfile, PageRoom } from '../../src/render/page-data.ts';

/** The page's seven rooms in the order of the legend. */
export const ROOMS: readonly PageRoom[] = ['user', 'dependency', 'core', 'native', 'kernel', 'gc', 'idle'];
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
export const CORE = 2;
export const KERNEL = 4;
export const GC = 5;
export const IDLE = 6;

/** A PageProfile with its coded columns opened (src/render/page-data.ts says how they are coded). */
export interface ProfileTables {
  thread: string;
  unit: 'microseconds' | 'bytes';
  /** ms after window start. */
  from: number;
  to: number;
  partial: string;
  name: string[];
  file: string[];
  line: number[];
  /** Index into ROOMS by frame. */
  room: Uint8Array;
  length: number;
  parent: Int32Array;
  frame: Int32Array;
  self: Float64Array;
  samples: { time: Float64Array; node: Int32Array; weight: Float64Array };
  lines: { node: Int32Array; line: number[]; weight: number[] };
  blamedNodes: number[][];
}

function undoDeltas<T extends Int32Array | Float64Array>(deltas: number[], out: T, scale = 1): T {
  let sum = 0;
  for (let i = 0; i < deltas.length; i++) {
    sum += deltas[i]!;
    out[i] = sum * scale;
  }
  return out;
}

export function decodeProfile(profile: PageProfile): ProfileTables {
  const { frames, nodes, samples, lines } = profile;
  const length = nodes.parent.length;
  const parent = new Int32Array(length);
  for (let i = 0; i < length; i++) parent[i] = i === 0 ? -1 : i - nodes.parent[i]!;
  return {
    thread: profile.thread,
    unit: profile.unit,
    from: profile.from,
    to: profile.to,
    partial: profile.partial ?? '',
    name: frames.name.map((name) => name || '(anonymous)'),
    file: frames.file,
    line: frames.line,
    room: Uint8Array.from(frames.room, (room) => ROOMS.indexOf(room)),
    length,
    parent,
    frame: Int32Array.from(nodes.frame),
    self: Float64Array.from(nodes.self),
    samples: {
      time: undoDeltas(samples.time, new Float64Array(samples.time.length), 0.01),
      node: undoDeltas(samples.node, new Int32Array(samples.node.length)),
      weight: Float64Array.from(samples.weight),
    },
    lines: {
      node: undoDeltas(lines.node, new Int32Array(lines.node.length)),
      line: lines.line,
      weight: lines.weight,
    },
    blamedNodes: profile.blamedNodes,
  };
}

/** Self weight per node of the samples taken in [fromMs, toMs), and how many those are. */
export function weightsBetween(
  tables: ProfileTables,
  fromMs: number,
  toMs: number,
): { self: Float64Array; count: number } {
  const self = new Float64Array(tables.length);
  const { time, node, weight } = tables.samples;
  let count = 0;
  for (let i = 0; i < time.length; i++) {
    if (time[i]! < fromMs || time[i]! >= toMs) continue;
    self[node[i]!]! += weight[i]!;
    count++;
  }
  return { self, count };
}

/** `app/auth.js:37`, or the path alone when the line is unknown. */
export function placeText(tables: ProfileTables, frame: number): string {
  const file = tables.file[frame] ?? '';
  const line = tables.line[frame] ?? 0;
  return line > 0 && file !== '' ? `${file}:${line}` : file;
}
