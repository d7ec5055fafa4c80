import type { StackFrame } from '../postmortem/stack-frame.ts';
import { nameOfFrame, packageOfFrame, partyOfFrame, placeOfFrame, type StackParty } from './stack-names.ts';

/** One line of a stack: a frame, with those below it that are folded into it. */
export interface StackRow {
  frame: StackFrame;
  /** Its number, innermost 0; folded ones count. */
  index: number;
  party: StackParty;
  name: string;
  place: string;
  package: string;
  /** Frames left out after this one. */
  folded: number;
  /** The innermost frame of the reader's own code: where to look first. */
  isHot: boolean;
  /** Frames may be missing between this row and the one above it. */
  lost: boolean;
}

export interface RowOptions {
  cwd: string;
  /** Frames shown unfolded, from the innermost on; undefined: all, folded by party. */
  frames?: number;
}

/** Native frames above the innermost JavaScript frame that are shown: what runs now is there. */
const NATIVE_ON_TOP = 4;
const NATIVE_ALONE = 12;
/** More rows than that are a recursion or a generator of code; both ends tell enough. */
const MOST_ROWS = 48;

/** A stack as rows. `cut`: frames beyond the last row that are not shown at all. */
export function buildStackRows(
  frames: readonly StackFrame[],
  options: RowOptions,
): { rows: StackRow[]; cut: number } {
  const all = frames.map((frame, index) => makeRow(frame, index, options.cwd));
  const hot = hotFrame(frames, options.cwd);
  const marked = all[hot];
  if (marked !== undefined) marked.isHot = true;
  if (options.frames !== undefined)
    return { rows: all.slice(0, options.frames), cut: Math.max(0, all.length - options.frames) };
  const rows = foldRecursion(foldRuns(all));
  if (rows.length <= MOST_ROWS) return { rows, cut: 0 };
  // The outermost rows tell what was asked for, the innermost what happens.
  const head = rows.slice(0, MOST_ROWS - 8);
  const tail = rows.slice(rows.length - 8);
  const last = head.at(-1)!;
  last.folded = tail[0]!.index - last.index - 1;
  return { rows: [...head, ...tail], cut: 0 };
}

/** Number of the innermost frame of the reader's code that is on the stack; else of any JavaScript; −1 for none. */
export function hotFrame(frames: readonly StackFrame[], cwd: string): number {
  const own = frames.findIndex((frame) => partyOfFrame(frame, cwd) === 'yours');
  if (own >= 0) return own;
  return frames.findIndex((frame) => frame.kind === 'js' && frame.place !== undefined);
}

function makeRow(frame: StackFrame, index: number, cwd: string): StackRow {
  const party = partyOfFrame(frame, cwd);
  return {
    frame,
    index,
    party,
    name: nameOfFrame(frame),
    place: placeOfFrame(frame, cwd, party),
    package: frame.kind === 'js' ? packageOfFrame(frame, cwd) : '',
    folded: 0,
    isHot: false,
    lost: frame.kind !== 'js' && frame.lost === true,
  };
}

/** Stubs between JavaScript and C++ belong to the native code around them. */
function foldGroup(row: StackRow): string {
  if (row.party === 'yours') return 'yours';
  if (row.frame.kind === 'js') return row.party === 'v8' ? 'builtin' : row.party;
  return 'native';
}

/** Runs of frames nobody here can change become a row or a few, with the number of those left out. */
function foldRuns(all: readonly StackRow[]): StackRow[] {
  const rows: StackRow[] = [];
  let start = 0;
  while (start < all.length) {
    const group = foldGroup(all[start]!);
    let end = start + 1;
    while (end < all.length && foldGroup(all[end]!) === group) end++;
    const run = all.slice(start, end);
    if (group === 'yours') rows.push(...run);
    else rows.push(...foldRun(run, group, start === 0, end === all.length));
    start = end;
  }
  return rows;
}

function foldRun(all: readonly StackRow[], group: string, isTop: boolean, isBottom: boolean): StackRow[] {
  if (group === 'builtin') return [...all];
  // Stubs of V8 are no functions anybody wrote: where there are others they only lengthen the page. Alone between two
  // frames of JavaScript they tell nothing at all.
  const told = all.filter(({ frame, lost }) => frame.kind !== 'v8' || lost);
  if (told.length === 0) return isTop ? all.slice(0, 1) : [];
  const run = told;
  const most = isTop && isBottom ? NATIVE_ALONE : isTop ? NATIVE_ON_TOP : 1;
  if (run.length <= most) return [...run];
  const named = run.findIndex((row) => !/^0x[\da-f]+$/.test(row.name));
  const first = most === 1 ? Math.max(0, named) : 0;
  const kept = run.slice(first, first + most);
  kept.at(-1)!.folded = run.length - kept.length;
  // Missing frames are told wherever they are within the run.
  if (run.some(({ lost }) => lost)) kept[0]!.lost ||= run.slice(0, first + 1).some(({ lost }) => lost);
  return kept;
}

/** Functions that call each other in turn: more than that is no simple recursion. */
const LONGEST_CYCLE = 6;

/** The same functions over and over become their innermost calls and a number. */
function foldRecursion(rows: readonly StackRow[]): StackRow[] {
  const kept: StackRow[] = [];
  let start = 0;
  while (start < rows.length) {
    const { length, rounds } = cycleAt(rows, start);
    // The innermost round, and one to show that they repeat.
    const shown = Math.min(rounds, 2) * length;
    kept.push(...rows.slice(start, start + shown));
    const rest = rows.slice(start + shown, start + rounds * length);
    kept.at(-1)!.folded += rest.reduce((sum, { folded }) => sum + 1 + folded, 0);
    start += rounds * length;
  }
  return kept;
}

/** How many rows from here on repeat themselves, and how often; one row once when they do not. */
function cycleAt(rows: readonly StackRow[], start: number): { length: number; rounds: number } {
  for (let length = 1; length <= LONGEST_CYCLE; length++) {
    let rounds = 1;
    while (isRepeated(rows, start, start + rounds * length, length)) rounds++;
    if (rounds > 2) return { length, rounds };
  }
  return { length: 1, rounds: 1 };
}

function isRepeated(rows: readonly StackRow[], first: number, second: number, length: number): boolean {
  if (rows[first]?.party !== 'yours') return false;
  for (let offset = 0; offset < length; offset++) {
    const one = rows[first + offset]!;
    const other = rows[second + offset];
    if (other === undefined || other.party !== one.party || other.name !== one.name) return false;
    if (urlOf(one) !== urlOf(other)) return false;
  }
  return true;
}

function urlOf({ frame }: StackRow): string {
  return frame.kind === 'js' ? (frame.place?.url ?? '') : '';
}
