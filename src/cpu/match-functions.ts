import { CATEGORIES, type CallTree, type FrameTable, PARTIES } from './call-tree.ts';
import { type FileMatch, matchFiles } from './match-files.ts';

/** Which functions of two profiles are the same one. */
export interface FunctionMatch {
  /** One row per function of either; row 0 is (root). Position and name of the later profile where it has the function. */
  frames: FrameTable;
  /** Row in `frames` by row of each profile's own table. */
  ofBefore: Int32Array;
  ofAfter: Int32Array;
  /** Functions of the user that both have. */
  shared: number;
  /** Files taken for one another though their names differ. */
  renamed: { before: string; after: string }[];
}

const USER = PARTIES.indexOf('user');
/** Cells of the table that aligns two lists of functions of one name; beyond, they are paired in order. */
const ALIGN_LIMIT = 1_000_000;

interface Group {
  file: string;
  before: number[];
  after: number[];
}

/**
 * Matches the functions of two frame tables by name and file. Lines move between versions, so they only decide between
 * functions of one name in one file (methods of several classes, all that have no name): both lists by line, paired in
 * order so that lines differ least, after as many lines were added as to the closest function above that has a name
 * of its own. Files of dependencies are compared from the package name on (the same package may be installed
 * elsewhere), the user's by the end of their path, see {@link matchFiles}.
 */
export function matchFunctions(before: CallTree, after: CallTree): FunctionMatch {
  const files = matchFiles(before.frames, after.frames);
  const groups = groupFunctions(before, after, files);
  const ofBefore = new Int32Array(before.frames.length);
  const ofAfter = new Int32Array(after.frames.length);
  const origin: { table: FrameTable; frame: number }[] = [
    { table: after.frames, frame: after.frame[0] ?? 0 },
  ];
  const movesOf = findMoves(groups, before.frames, after.frames);
  let shared = 0;
  for (const group of groups) {
    sortByLine(group.before, before.frames);
    sortByLine(group.after, after.frames);
    for (const frame of group.after) ofAfter[frame] = origin.push({ table: after.frames, frame }) - 1;
    const partner = alignByLine(
      moveLines(
        group.before.map((frame) => before.frames.line[frame]!),
        movesOf.get(group.file) ?? [],
      ),
      group.after.map((frame) => after.frames.line[frame]!),
    );
    for (const [i, frame] of group.before.entries()) {
      const found = group.after[partner[i]!];
      ofBefore[frame] =
        found === undefined ? origin.push({ table: before.frames, frame }) - 1 : ofAfter[found]!;
      if (found !== undefined && before.frames.party[frame] === USER) shared++;
    }
  }
  return { frames: packRows(origin), ofBefore, ofAfter, shared, renamed: files.renamed };
}

function groupFunctions(before: CallTree, after: CallTree, files: FileMatch): Group[] {
  const groups = new Map<string, Group>();
  for (const [side, tree] of [
    ['before', before],
    ['after', after],
  ] as const) {
    const { frames } = tree;
    for (let frame = 0; frame < frames.length; frame++) {
      if (frame === tree.frame[0]) continue;
      const file = files[side](frame);
      const key = `${frames.name[frame]}\n${frames.category[frame]}\n${file}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = { file, before: [], after: [] };
        groups.set(key, group);
      }
      group[side].push(frame);
    }
  }
  return [...groups.values()];
}

/** From `line` of the earlier profile on, `by` lines were added. */
interface Move {
  line: number;
  by: number;
}

/** By file, ascending: how far the functions moved that are the only one of their name on both sides. */
function findMoves(groups: readonly Group[], before: FrameTable, after: FrameTable): Map<string, Move[]> {
  const moves = new Map<string, Move[]>();
  for (const group of groups) {
    if (group.before.length !== 1 || group.after.length !== 1) continue;
    const line = before.line[group.before[0]!]!;
    const list = moves.get(group.file) ?? [];
    list.push({ line, by: after.line[group.after[0]!]! - line });
    moves.set(group.file, list);
  }
  for (const list of moves.values()) list.sort((a, b) => a.line - b.line);
  return moves;
}

/** `lines` (ascending) where the later profile should have them. */
function moveLines(lines: readonly number[], moves: readonly Move[]): number[] {
  let at = 0;
  return lines.map((line) => {
    while (at < moves.length && moves[at]!.line <= line) at++;
    return line + (at === 0 ? 0 : moves[at - 1]!.by);
  });
}

function sortByLine(rows: number[], { line, column }: FrameTable): void {
  rows.sort((a, b) => line[a]! - line[b]! || column[a]! - column[b]! || a - b);
}

/**
 * Partner in `after` for each of `before` (−1 = none): both in the order of the file, partners ascend, the shorter list is paired as a
 * whole, and the lines of partners differ as little as possible in sum.
 *
 *     before  10   50        90
 *     after   12   31   52   93        31 is new
 */
export function alignByLine(before: readonly number[], after: readonly number[]): number[] {
  const [short, long] = before.length <= after.length ? [before, after] : [after, before];
  let chosen = Array.from(short, (_, i) => i);
  if (short.length < long.length && short.length > 0 && short.length * long.length <= ALIGN_LIMIT)
    chosen = chooseCells(short, long);
  if (short === before) return chosen;
  const partner = new Array<number>(before.length).fill(-1);
  for (const [i, at] of chosen.entries()) partner[at] = i;
  return partner;
}

/** For each of `short` the index in `long` it is paired with. */
function chooseCells(short: readonly number[], long: readonly number[]): number[] {
  const width = long.length + 1;
  const cost = new Float64Array((short.length + 1) * width);
  for (let i = 1; i <= short.length; i++) {
    cost.fill(Number.POSITIVE_INFINITY, i * width, i * width + i);
    for (let j = i; j <= long.length; j++) {
      const pair = cost[(i - 1) * width + j - 1]! + Math.abs(short[i - 1]! - long[j - 1]!);
      cost[i * width + j] = Math.min(pair, cost[i * width + j - 1]!);
    }
  }
  const chosen = new Array<number>(short.length);
  let j = long.length;
  for (let i = short.length; i > 0; i--) {
    while (j > i && cost[i * width + j - 1]! <= cost[i * width + j]!) j--;
    chosen[i - 1] = --j;
  }
  return chosen;
}

function packRows(origin: readonly { table: FrameTable; frame: number }[]): FrameTable {
  const column = (of: (table: FrameTable) => ArrayLike<number>): number[] =>
    origin.map(({ table, frame }) => of(table)[frame] ?? 0);
  return {
    length: origin.length,
    name: origin.map(({ table, frame }) => table.name[frame] ?? '(root)'),
    file: origin.map(({ table, frame }) => table.file[frame] ?? ''),
    line: Int32Array.from(column((table) => table.line)),
    column: Int32Array.from(column((table) => table.column)),
    category: Uint8Array.from(column((table) => table.category)),
    party: Uint8Array.from(column((table) => table.party)),
    package: origin.map(({ table, frame }) => table.package[frame] ?? ''),
  };
}

/** True for rows whose time is nobody's: comparisons leave it out. */
export function isIdleRow(frames: FrameTable, frame: number): boolean {
  return CATEGORIES[frames.category[frame]!] === 'idle';
}
