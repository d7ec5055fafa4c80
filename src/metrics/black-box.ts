import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import type { Series, SeriesName } from './series.ts';

/** Files of a black box (docs/formats/black-box.md): the folder `holter/agent` keeps of one process. */
export const BOX_FILES = {
  description: 'black-box.json',
  ring: 'vitals.ring',
  events: 'events.jsonl',
  exit: 'exit.json',
} as const;

/** Columns of the ring, in order; a name of `SERIES_NAMES` means what it means there, bins of `periodMs`. */
export const BOX_COLUMNS = [
  /** Wall clock of the row, ms since 1970; 0 = never written. */
  'time',
  'cpu.main_percent',
  /** All threads. */
  'cpu.process_percent',
  'sched.main_wait_percent',
  'memory.rss_bytes',
  'memory.heap_used_bytes',
  'memory.heap_total_bytes',
  'memory.external_bytes',
  'memory.array_buffers_bytes',
  'loop.delay_ms',
  'loop.utilisation_percent',
  'gc.percent',
  'handles.active',
  'handles.fds',
  /** Memory in use of the cgroup. */
  'cgroup.memory_bytes',
  /** How long the loop has not turned at that moment, ms; 0 while it turns. */
  'loop.blocked_ms',
] as const;
export type BoxColumn = (typeof BOX_COLUMNS)[number];

/** `black-box.json`, schema `holter.black-box/1`: written when the agent starts. */
export interface BoxDescription {
  schema: 'holter.black-box/1';
  /** Version of holter. */
  holter: string;
  target: TargetInfo;
  /** ISO time of the agent's start. */
  startedAt: string;
  /** Time between two rows. */
  periodMs: Milliseconds;
  /** Rows the ring holds: the newest win. */
  rows: number;
  columns: readonly string[];
  /** Identity of the boot; a change of it means that the machine went down. '' where unknown. */
  bootId: string;
  /** Folder of the process's cgroup, and how often the kernel had killed in it for want of memory by then. */
  cgroup?: { folder: string; oomKills: number };
}

/** What happened, one line of `events.jsonl` each. */
export interface BoxEvent {
  kind:
    | 'started'
    | 'event-loop-blocked'
    | 'event-loop-unblocked'
    | 'leak'
    | 'near-heap-limit'
    /** Much memory more within one turn of the loop; the stack says where. */
    | 'memory-jump'
    | 'uncaught-exception'
    | 'capture'
    | 'problem';
  /** ISO time. */
  at: string;
  /** One sentence for people. */
  text: string;
  /** Files of the folder that belong to it. */
  files?: string[];
  /** Main thread, innermost first; line and column 1-based. */
  stack?: BoxFrame[];
  /** Numbers, the unit in the name. */
  numbers?: Record<string, number>;
  /** Uncaught exception: what was thrown. */
  error?: { name: string; message: string; stack: string; isRejection: boolean; isHandled: boolean };
  /** Where the main thread is in the kernel when it does not answer: state letter and wait channel. */
  native?: { state: string; waitsIn: string };
}

export interface BoxFrame {
  function: string;
  /** Path or URL of the script. */
  file: string;
  line: number;
  column: number;
}

/** `exit.json`: written by the process when it ends by itself. */
export interface BoxExit {
  code: number;
  /** ISO time. */
  at: string;
}

const HEADER_BYTES = 64;
const MAGIC = 'HOLTBOX1';
const ROW_BYTES = BOX_COLUMNS.length * 8;

/** Bytes of the whole ring file. */
export function ringBytes(rows: number): Bytes {
  return HEADER_BYTES + rows * ROW_BYTES;
}

/** An empty ring: header, then zeros. Little-endian: magic, u32 rows, u32 columns. */
export function makeRing(rows: number): Uint8Array {
  const bytes = new Uint8Array(ringBytes(rows));
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, rows, true);
  view.setUint32(12, BOX_COLUMNS.length, true);
  return bytes;
}

/** Where row number `sequence` (0, 1, …) goes. */
export function ringOffset(sequence: number, rows: number): Bytes {
  return HEADER_BYTES + (sequence % rows) * ROW_BYTES;
}

/**
 * Rows of a ring file, oldest first. A torn or never written row is left out; so is one whose time is no time.
 * @throws HolterError E_FILE_FORMAT (not ours), E_FILE_TRUNCATED (shorter than its header)
 */
export function readRing(bytes: Uint8Array): Float64Array[] {
  if (bytes.byteLength < HEADER_BYTES)
    throw new HolterError('E_FILE_TRUNCATED', `${BOX_FILES.ring} is cut off: ${bytes.byteLength} bytes`);
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw new HolterError('E_FILE_FORMAT', `${BOX_FILES.ring} is no ring of holter`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = view.getUint32(12, true);
  if (columns === 0 || columns > 1000)
    throw new HolterError('E_FILE_FORMAT', `${BOX_FILES.ring}: ${columns} columns`);
  const rowBytes = columns * 8;
  const count = Math.min(view.getUint32(8, true), Math.floor((bytes.byteLength - HEADER_BYTES) / rowBytes));
  const rows: Float64Array[] = [];
  for (let row = 0; row < count; row++) {
    const at = HEADER_BYTES + row * rowBytes;
    const time = view.getFloat64(at, true);
    // Year 2000 to 2100: anything else was never written by a clock.
    if (!(time > 946_684_800_000 && time < 4_102_444_800_000)) continue;
    rows.push(Float64Array.from({ length: columns }, (_, column) => view.getFloat64(at + column * 8, true)));
  }
  return rows.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** Series of a ring's rows; times in ms after the first row. Columns this version does not know are left out. */
export function seriesOfRing(
  rows: readonly Float64Array[],
  columns: readonly string[],
  known: ReadonlySet<string>,
): Series[] {
  const start = rows[0]?.[0] ?? 0;
  const time = Float64Array.from(rows, (row) => (row[0] ?? 0) - start);
  return columns.flatMap((name, index) =>
    known.has(name)
      ? [
          {
            name: name as SeriesName,
            time: time.slice(),
            value: Float64Array.from(rows, (row) => row[index] ?? Number.NaN),
          },
        ]
      : [],
  );
}

/** Events of `events.jsonl`; a torn last line and anything else that is no event is skipped. */
export function readEvents(text: string): BoxEvent[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const event = JSON.parse(line) as Partial<BoxEvent> | null;
      return typeof event?.kind === 'string' && typeof event.at === 'string' && typeof event.text === 'string'
        ? [event as BoxEvent]
        : [];
    } catch {
      return [];
    }
  });
}
