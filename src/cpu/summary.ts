import type { Seconds, Share } from '../base/units.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { CATEGORIES, type CallTree, type Category, type Party } from './call-tree.ts';
import { busyWeights, type ChargedWeights, chargedCalls, chargeUserFunctions } from './charged.ts';
import {
  aggregateFiles,
  aggregateFunctions,
  aggregateNames,
  type FunctionRow,
  type GroupRow,
} from './functions.ts';
import { weighLines } from './hot-lines.ts';
import { roomOfFrame, splitTime, type TimeRoom, type TimeSplit } from './time-split.ts';

/**
 * One function of a summary. Weights in the tree's unit; `charged` = own time and all native, core and dependency time
 * below it up to the next user function (what the owner of the code can change); 0 for functions that are not the
 * user's. GC is charged to nobody. Shares are of `CpuSummary.busy`.
 */
export interface SummaryFunction {
  name: string;
  file: string;
  /** 1-based, 0 unknown. */
  line: number;
  column: number;
  category: Category;
  party: Party;
  package: string;
  self: number;
  total: number;
  charged: number;
  selfShare: Share;
  totalShare: Share;
  chargedShare: Share;
  /** What a user function calls for most of its charged weight, when that is more than half of it: `pbkdf2Sync`. */
  mostIn?: { name: string; file: string; weight: number };
}

/**
 * One source line that was on top of the stack or, where the source tells, called what was. `text` (without indentation,
 * cut at 300 characters) when the source is at hand.
 */
export interface SummaryLine {
  file: string;
  /** 1-based. */
  line: number;
  function: string;
  party: Party;
  self: number;
  /** Of `self`. */
  share: Share;
  /** Own weight and that of the calls on the line which leave the user's code; see cpu/hot-lines.ts. */
  charged: number;
  chargedShare: Share;
  text?: string;
}

/** A file, or whose code it is: an npm package, `your code`, `node core`, `native`, `kernel` … (`room` tells them apart). */
export interface SummaryGroup {
  name: string;
  /** Of packages: `user`, `dependency`, `core`, `native` …; of files: whose code it is. */
  room: TimeRoom;
  party: Party;
  self: number;
  total: number;
  selfShare: Share;
  totalShare: Share;
}

/** The answer to "where did the time (or the memory) go?", for terminal, JSON and Markdown alike. */
export interface CpuSummary {
  unit: CallTree['unit'];
  /** Weight of the whole, idle included. */
  total: number;
  /** Weight that is not idle: what shares refer to. */
  busy: number;
  samples: number;
  /**
   * Samples that are not idle: those the shares are made of. 0 where the tree has no samples and its unit is not
   * `samples`: allocations, and profiles that were measured, not sampled.
   */
  busySamples: number;
  /** Few samples: a share may be off by this much (95 %, binomial, at a share of 0.5). 0 = not sampled, or not known. */
  uncertainty: Share;
  /** Median weight of a sample: the sampling interval in µs; 0 without samples. */
  interval: number;
  /** Length of the profile in seconds; 0 for trees without time. */
  seconds: Seconds;
  split: TimeSplit;
  /** The user's functions, most charged first. */
  user: SummaryFunction[];
  /** All functions, most self first; idle left out. */
  functions: SummaryFunction[];
  lines: SummaryLine[];
  packages: SummaryGroup[];
  files: SummaryGroup[];
  /** Rows there are before `limit` cuts the lists. */
  counts: Record<'user' | 'functions' | 'lines' | 'packages' | 'files', number>;
  partial?: string;
}

export interface SummaryOptions {
  /** Rows kept of each list (default 200). */
  limit?: number;
  sources?: SourceBook;
}

export type SummariseProfile = (tree: CallTree, options?: SummaryOptions) => CpuSummary;

const DEFAULT_LIMIT = 200;
/** Longer texts are of minified files. */
const TEXT_LIMIT = 300;
/** Standard normal quantile of a two-sided 95 %. */
const Z_95 = 1.96;

/**
 * Summarises a tree. Time and memory grow with nodes and functions only; depth does not matter. Never throws; an empty
 * tree has empty lists and shares of 0.
 */
export function summariseProfile(tree: CallTree, options: SummaryOptions = {}): CpuSummary {
  const limit = options.limit ?? DEFAULT_LIMIT;
  const weights = busyWeights(tree);
  const split = splitTime(tree);
  const charges = chargeUserFunctions(tree, weights);
  const shareOf = (weight: number): Share => (split.busy > 0 ? weight / split.busy : 0);
  // Root frames of threads and processes, as mergeTrees makes them, are no functions.
  const rows = aggregateFunctions(tree, { weights }).filter(
    (row) => row.category !== 'program' || row.self > 0,
  );
  const describe = (row: FunctionRow): SummaryFunction => summariseRow(row, charges, shareOf);
  const calls = chargedCalls(tree, charges, weights);
  const user = rows
    .filter((row) => row.party === 'user')
    .sort((a, b) => charges.charged[b.frame]! - charges.charged[a.frame]! || b.total - a.total);
  const lines = weighLines(tree, weights, charges, options.sources);
  const packages = aggregateNames(tree, roomNames(tree), { weights });
  const files = aggregateFiles(tree, { weights });
  const busySamples = countBusySamples(tree);
  return {
    unit: tree.unit,
    total: split.total,
    busy: split.busy,
    samples: tree.unit === 'samples' ? split.total : tree.samples.node.length,
    busySamples,
    uncertainty: busySamples === 0 ? 0 : Math.min(1, (Z_95 * 0.5) / Math.sqrt(busySamples)),
    interval: median(tree.samples.weight),
    seconds: Math.max(0, tree.to - tree.from) / 1000,
    split,
    user: user.slice(0, limit).map((row) => withCall(tree, describe(row), calls.get(row.frame)?.[0])),
    functions: rows.slice(0, limit).map(describe),
    lines: lines.slice(0, limit).map((line) => {
      const text = options.sources?.lines(line.file)?.[line.line - 1]?.trim().slice(0, TEXT_LIMIT);
      return {
        ...line,
        share: shareOf(line.self),
        chargedShare: shareOf(line.charged),
        ...(text === undefined ? {} : { text }),
      };
    }),
    packages: packages.slice(0, limit).map((row) => summariseRoom(row, shareOf)),
    files: files.slice(0, limit).map((row) => summariseGroup(row, row.name, roomOfParty(row.party), shareOf)),
    counts: {
      user: user.length,
      functions: rows.length,
      lines: lines.length,
      packages: packages.length,
      files: files.length,
    },
    ...(tree.partial === undefined ? {} : { partial: tree.partial }),
  };
}

function summariseRow(
  { frame, ...row }: FunctionRow,
  { charged }: ChargedWeights,
  shareOf: (weight: number) => Share,
): SummaryFunction {
  return {
    ...row,
    charged: charged[frame]!,
    selfShare: shareOf(row.self),
    totalShare: shareOf(row.total),
    chargedShare: shareOf(charged[frame]!),
  };
}

function withCall(
  tree: CallTree,
  row: SummaryFunction,
  call: { frame: number; weight: number } | undefined,
): SummaryFunction {
  if (call === undefined || call.weight <= row.charged / 2) return row;
  const { name, file } = tree.frames;
  return { ...row, mostIn: { name: name[call.frame]!, file: file[call.frame]!, weight: call.weight } };
}

/** What groups that are no npm package are called. */
const ROOM_NAMES: Record<Exclude<TimeRoom, 'dependency' | 'idle'>, string> = {
  user: 'your code',
  core: 'node core',
  native: 'native',
  kernel: 'kernel',
  gc: 'garbage collection',
  program: 'V8 itself',
};

/** Group by row of the frame table. A leading space keeps `native` apart from the npm package of that name. */
function roomNames(tree: CallTree): string[] {
  return tree.frames.name.map((_, frame) => {
    if (frame === tree.frame[0]) return '';
    const room = roomOfFrame(tree, frame);
    if (room === 'idle') return '';
    return room === 'dependency' ? tree.frames.package[frame]! || 'unknown package' : ` ${room}`;
  });
}

function summariseRoom(row: GroupRow, shareOf: (weight: number) => Share): SummaryGroup {
  const room = row.name.startsWith(' ') ? (row.name.slice(1) as keyof typeof ROOM_NAMES) : 'dependency';
  return summariseGroup(row, room === 'dependency' ? row.name : ROOM_NAMES[room], room, shareOf);
}

function summariseGroup(
  { party, self, total }: GroupRow,
  name: string,
  room: TimeRoom,
  shareOf: (weight: number) => Share,
): SummaryGroup {
  return { name, room, party, self, total, selfShare: shareOf(self), totalShare: shareOf(total) };
}

function roomOfParty(party: Party): TimeRoom {
  return party === 'none' ? 'native' : party;
}

/** Values looked at for the median: sampling intervals differ little, and sorting 10⁶ of them takes longer than all else. */
const MEDIAN_VALUES = 2048;

function median(values: Float64Array): number {
  const step = Math.max(1, Math.floor(values.length / MEDIAN_VALUES));
  const some = step === 1 ? values.slice() : new Float64Array(Math.floor(values.length / step));
  if (step > 1) for (let i = 0; i < some.length; i++) some[i] = values[i * step]!;
  return some.length === 0 ? 0 : some.sort()[some.length >> 1]!;
}

const IDLE = CATEGORIES.indexOf('idle');

/** Samples outside of idle. Trees in `samples` count by weight. */
export function countBusySamples(tree: CallTree): number {
  let count = 0;
  if (tree.unit === 'samples') {
    for (const weight of busyWeights(tree)) count += weight;
    return count;
  }
  const isBusy = new Uint8Array(tree.length);
  for (let node = 0; node < tree.length; node++)
    isBusy[node] = tree.frames.category[tree.frame[node]!] === IDLE ? 0 : 1;
  const { node } = tree.samples;
  for (let i = 0; i < node.length; i++) count += isBusy[node[i]!]!;
  return count;
}
