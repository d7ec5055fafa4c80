import { GC, IDLE, type ProfileTables, USER } from './profile-tables.ts';
import { outermostSame } from './tree-walk.ts';

/** Of a source line in CSS pixels; styles/source.css has the same. */
export const LINE_HEIGHT = 19;
/** From this share of the profile on a line is hot, from the second on it is warm (ui.md §4, code excerpt). */
const HOT = 0.05;
const WARM = 0.0005;
export type Heat = 'hot' | 'warm' | '';

/** Colour of a share of the profile, 0–1. */
export function heatOf(share: number): Heat {
  return share >= HOT ? 'hot' : share >= WARM ? 'warm' : '';
}

/** Weights by frame, in the profile's unit; `whole` is the weight of the profile, idle included. */
export interface FrameWeights {
  whole: number;
  self: Float64Array;
  /** Recursion counted once. */
  total: Float64Array;
  /** Of the user's functions: own and what they called outside of the user's code. GC and idle go to nobody. */
  charged: Float64Array;
}

/** Sums the weights of nodes (`weights`, those of a time range say) by frame. Any depth, one walk. */
export function weighFrames(tables: ProfileTables, weights: Float64Array): FrameWeights {
  const { parent, frame, room, length } = tables;
  const count = tables.name.length;
  const out: FrameWeights = {
    whole: 0,
    self: new Float64Array(count),
    total: new Float64Array(count),
    charged: new Float64Array(count),
  };
  const owner = new Int32Array(length).fill(-1);
  for (let i = 0; i < length; i++) {
    const mine = frame[i]!;
    const weight = weights[i]!;
    out.whole += weight;
    out.self[mine]! += weight;
    const where = room[mine]!;
    if (where === USER) owner[i] = mine;
    else if (i > 0 && where !== GC && where !== IDLE) owner[i] = owner[parent[i]!]!;
    if (owner[i]! >= 0) out.charged[owner[i]!]! += weight;
  }
  const sum = Float64Array.from(weights);
  for (let i = length - 1; i > 0; i--) sum[parent[i]!]! += sum[i]!;
  const nested = outermostSame(parent, frame, count, length);
  for (let i = 0; i < length; i++) if (nested[i]! < 0) out.total[frame[i]!]! += sum[i]!;
  return out;
}

/** A file of the picker. */
export interface SourceFile {
  file: string;
  yours: boolean;
  /** Of the user's files what is charged to them, of others their own time. */
  weight: number;
  /** Its function with the most of that. */
  frame: number;
  hasSource: boolean;
}

/** Files that can be looked at: the user's by weight, then others whose source is there. */
export function rankSourceFiles(
  tables: ProfileTables,
  frames: FrameWeights,
  sources: Record<string, string>,
): SourceFile[] {
  const files = new Map<string, SourceFile & { most: number }>();
  for (let i = 0; i < tables.file.length; i++) {
    const file = tables.file[i]!;
    const yours = tables.room[i] === USER;
    const hasSource = Object.hasOwn(sources, file);
    if (file === '' || !(yours || hasSource)) continue;
    const weight = yours ? frames.charged[i]! : frames.self[i]!;
    const known = files.get(file);
    if (known === undefined) {
      files.set(file, { file, yours, weight, frame: i, hasSource, most: weight });
      continue;
    }
    known.yours ||= yours;
    known.weight += weight;
    if (weight > known.most) {
      known.most = weight;
      known.frame = i;
    }
  }
  return [...files.values()]
    .map(({ most: _, ...file }) => file)
    .filter(({ weight, hasSource }) => weight > 0 || hasSource)
    .sort((a, b) => Number(b.yours) - Number(a.yours) || b.weight - a.weight || (a.file < b.file ? -1 : 1));
}

/** What a line calls. */
export interface LineCall {
  name: string;
  weight: number;
}

/** Weight by line of one file: own and, where the page knows them, of the calls that leave the user's code. */
export interface LineHeat {
  /** 1-based line → weight; lines without any are absent. */
  byLine: Map<number, number>;
  /** The part of it that is calls, heaviest first. */
  calls: Map<number, LineCall[]>;
  /** Lines, heaviest first. */
  hottest: number[];
  /** Weight of lines the source does not have: it changed since. */
  beyond: number;
}

/**
 * Weight of each of `tables.calls` among the weights of nodes (those of a time range say): what is below the function
 * called, when the function itself called it, up to the next of the user's.
 */
export function weighCalls(tables: ProfileTables, weights: Float64Array): Float64Array {
  const { calls, parent, frame, room, length } = tables;
  if (calls === null || weights === tables.self) return calls?.weight ?? new Float64Array(0);
  const out = new Float64Array(calls.frame.length);
  const count = tables.name.length;
  const indexOf = new Map<number, number>();
  for (let k = 0; k < out.length; k++) indexOf.set(calls.frame[k]! * count + calls.callee[k]!, k);
  const owner = new Int32Array(length).fill(-1);
  const call = new Int32Array(length).fill(-1);
  for (let i = 1; i < length; i++) {
    const where = room[frame[i]!]!;
    if (where === USER) owner[i] = frame[i]!;
    else if (where !== GC && where !== IDLE) {
      const above = parent[i]!;
      owner[i] = owner[above]!;
      call[i] =
        call[above]! >= 0 || owner[i]! < 0
          ? call[above]!
          : (indexOf.get(owner[i]! * count + frame[i]!) ?? NOT_ASKED);
    }
    if (call[i]! >= 0 && call[i] !== NOT_ASKED) out[call[i]!]! += weights[i]!;
  }
  return out;
}

/** A call whose line is not known: what it calls in turn is its own, too. */
const NOT_ASKED = 2 ** 30;

/**
 * Weight of the lines of `file` that has `lineCount` lines; of one function only when `onlyFrame` ≥ 0. Lines are known
 * for the whole profile: in a time range each call path keeps its mix of lines. `callWeights` as weighCalls gives them.
 */
export function heatLines(
  tables: ProfileTables,
  weights: Float64Array,
  callWeights: Float64Array,
  file: string,
  lineCount: number,
  onlyFrame = -1,
): LineHeat {
  const wanted = new Uint8Array(tables.file.length);
  for (let i = 0; i < wanted.length; i++)
    if (tables.file[i] === file && (onlyFrame < 0 || i === onlyFrame)) wanted[i] = 1;
  const byLine = new Map<number, number>();
  let beyond = 0;
  const add = (line: number, amount: number) => {
    if (line < 1 || line > lineCount) beyond += amount;
    else byLine.set(line, (byLine.get(line) ?? 0) + amount);
  };
  const { node, line, weight } = tables.lines;
  for (let i = 0; i < node.length; i++) {
    const at = node[i]!;
    if (wanted[tables.frame[at]!] !== 1) continue;
    const usual = tables.self[at]!;
    const amount = weights === tables.self ? weight[i]! : usual > 0 ? (weight[i]! * weights[at]!) / usual : 0;
    if (amount > 0) add(line[i]!, amount);
  }
  const calls = new Map<number, LineCall[]>();
  for (let k = 0; k < callWeights.length; k++) {
    const { frame, callee, line } = tables.calls!;
    if (wanted[frame[k]!] !== 1 || !(callWeights[k]! > 0)) continue;
    add(line[k]!, callWeights[k]!);
    const known = calls.get(line[k]!) ?? [];
    known.push({ name: tables.name[callee[k]!]!, weight: callWeights[k]! });
    calls.set(line[k]!, known);
  }
  for (const known of calls.values()) known.sort((a, b) => b.weight - a.weight);
  const hottest = [...byLine.keys()].sort((a, b) => byLine.get(b)! - byLine.get(a)! || a - b);
  return { byLine, calls, hottest, beyond };
}

/** Where a function begins, with its weights. */
export interface FunctionStart {
  /** 1-based. */
  line: number;
  column: number;
  frame: number;
  name: string;
  total: number;
  self: number;
}

/** The functions of a file that were seen, by line; the heaviest first where several share one. */
export function functionStarts(
  tables: ProfileTables,
  frames: FrameWeights,
  file: string,
): Map<number, FunctionStart[]> {
  const out = new Map<number, FunctionStart[]>();
  for (let i = 0; i < tables.file.length; i++) {
    const line = tables.line[i]!;
    if (tables.file[i] !== file || line < 1 || !(frames.total[i]! > 0)) continue;
    const start = {
      line,
      column: tables.column[i]!,
      frame: i,
      name: tables.name[i]!,
      total: frames.total[i]!,
      self: frames.self[i]!,
    };
    const known = out.get(line);
    if (known) known.push(start);
    else out.set(line, [start]);
  }
  for (const starts of out.values()) starts.sort((a, b) => b.total - a.total);
  return out;
}

/** Offsets at which lines begin, ended by the length + 1; separators as in JavaScript (LF, CR, CRLF, LS, PS). */
export function indexLines(text: string): Int32Array {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 && text.charCodeAt(i + 1) === 10) continue;
    if (code === 10 || code === 13 || code === 0x2028 || code === 0x2029) starts.push(i + 1);
  }
  // A final newline ends the last line and starts none.
  if (starts.length > 1 && starts.at(-1) === text.length) starts.pop();
  starts.push(text.length + (/[\n\r\u2028\u2029]$/.test(text) ? 0 : 1));
  return Int32Array.from(starts);
}

/** Text of a 1-based line, without its separator. */
export function lineText(text: string, index: Int32Array, line: number): string {
  const from = index[line - 1] ?? text.length;
  const to = (index[line] ?? text.length + 1) - 1;
  return text.slice(from, text.charCodeAt(to - 1) === 13 ? to - 1 : to);
}

/** Longer lines are shown in part: a line of a megabyte would stop the page. */
export const LONGEST_LINE = 500;

/** Part of a line, and how many characters there are before and behind it. */
export interface CutLine {
  text: string;
  before: number;
  after: number;
}

/** A line in full when it is short, else the part around a 0-based offset. */
export function cutLine(text: string, around: number): CutLine {
  if (text.length <= LONGEST_LINE) return { text, before: 0, after: 0 };
  const from = Math.max(0, Math.min(around - 40, text.length - LONGEST_LINE));
  return {
    text: text.slice(from, from + LONGEST_LINE),
    before: from,
    after: text.length - from - LONGEST_LINE,
  };
}

/** Sums what lines weigh into `rows` equal strips of the file. */
export function stripHeat(heat: LineHeat, lineCount: number, rows: number): Float64Array {
  const out = new Float64Array(Math.max(0, rows));
  for (const [line, weight] of heat.byLine)
    out[Math.min(rows - 1, Math.floor(((line - 1) * rows) / lineCount))]! += weight;
  return out;
}

/**
 * The line to put in the middle of the window, 1-based: the function's start when its hottest line is visible with it,
 * else that line; without lines the start. With no function the hottest line of the file.
 */
export function lineToShow(start: number, hottest: number | undefined, visibleLines: number): number {
  if (start < 1) return hottest ?? 1;
  if (hottest === undefined) return start;
  const distance = Math.abs(hottest - start);
  return distance < visibleLines - 4 ? Math.round((start + hottest) / 2) : hottest;
}
