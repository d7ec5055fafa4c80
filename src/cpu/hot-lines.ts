import type { SourceBook } from '../source-map/source-book.ts';
import { callLineFromSource, functionPosition } from './call-line.ts';
import { CATEGORIES, type CallTree, PARTIES, type Party } from './call-tree.ts';
import { type ChargedWeights, chargedCalls } from './charged.ts';

/** One source line by weight, in the tree's unit. */
export interface HotLine {
  file: string;
  /** 1-based. */
  line: number;
  /** The function with the most weight on it. */
  function: string;
  party: Party;
  /** Weight while the line itself was on top of the stack. */
  self: number;
  /** The same and what it called outside of the user's code, where the source tells which line calls it. */
  charged: number;
}

/** Calls worth the search for their line in the source, and how many at most: it reads the text of whole functions. */
const LEAST_SHARE = 0.005;
const FUNCTION_LIMIT = 20;
const CALL_LIMIT = 5;

const IDLE = CATEGORIES.indexOf('idle');

/**
 * Lines by weight: the user's first, each party's heaviest first. Profiles of V8 know the line only of the innermost
 * function, so that `pbkdf2Sync(…)` in the user's code would never be hot. With the source at hand a call that stands
 * on one line only of its function gets what it costs in `charged`; without, or when it stands on several, no line does.
 */
export function weighLines(
  tree: CallTree,
  weights: Float64Array,
  charges: ChargedWeights,
  sources: SourceBook | undefined,
): HotLine[] {
  const lines = new LineTable(tree);
  const { node, line, weight } = tree.lines;
  for (let i = 0; i < node.length; i++) {
    const frame = tree.frame[node[i]!]!;
    if (tree.frames.category[frame] !== IDLE) lines.add(frame, line[i]!, weight[i]!, true);
  }
  if (sources !== undefined)
    for (const { caller, line, weight } of findCallLines(tree, weights, charges, sources))
      lines.add(caller, line, weight, false);
  return lines.finish();
}

/** A line of a user function that calls something expensive. */
export interface CallLine {
  /** Rows of the frame table. */
  caller: number;
  callee: number;
  /** Of the caller's file, 1-based. */
  line: number;
  /** What the callee costs when this caller calls it (ChargedWeights), in the tree's unit. */
  weight: number;
}

/**
 * Lines of the user's functions from which the expensive calls out of the user's code are made, read from the source
 * text: one for each pair of functions, none where the call stands on several lines. At most 100, the functions with
 * the most expensive call first.
 */
export function findCallLines(
  tree: CallTree,
  weights: Float64Array,
  charges: ChargedWeights,
  sources: SourceBook,
): CallLine[] {
  const { frames } = tree;
  let busy = 0;
  for (const weight of weights) busy += weight;
  const least = busy * LEAST_SHARE;
  const callers = [...chargedCalls(tree, charges, weights)]
    .filter(([, calls]) => calls[0]!.weight >= least)
    .sort((a, b) => b[1][0]!.weight - a[1][0]!.weight)
    .slice(0, FUNCTION_LIMIT);
  const found: CallLine[] = [];
  for (const [caller, calls] of callers) {
    const position = functionPosition(
      frames.name[caller]!,
      frames.file[caller]!,
      frames.line[caller]!,
      frames.column[caller]!,
    );
    for (const { frame, weight } of calls.slice(0, CALL_LIMIT)) {
      if (weight < least) break;
      const line = callLineFromSource(sources, position, [frames.name[frame]!]);
      if (line !== undefined) found.push({ caller, callee: frame, line, weight });
    }
  }
  return found;
}

interface LineEntry {
  frame: number;
  line: number;
  self: number;
  charged: number;
  /** Weight of the heaviest single entry: whose function names the line. */
  most: number;
}

class LineTable {
  readonly #tree: CallTree;
  readonly #files = new Map<string, number>();
  readonly #entries = new Map<number, LineEntry>();

  constructor(tree: CallTree) {
    this.#tree = tree;
  }

  add(frame: number, line: number, weight: number, own: boolean): void {
    const name = this.#tree.frames.file[frame]!;
    if (name === '' || line <= 0 || !(weight > 0)) return;
    let file = this.#files.get(name);
    if (file === undefined) {
      file = this.#files.size;
      this.#files.set(name, file);
    }
    const key = file * 2 ** 31 + line;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { frame, line, self: 0, charged: 0, most: 0 };
      this.#entries.set(key, entry);
    }
    if (own) entry.self += weight;
    entry.charged += weight;
    if (weight > entry.most) {
      entry.most = weight;
      entry.frame = frame;
    }
  }

  finish(): HotLine[] {
    const { frames } = this.#tree;
    const isUser = (line: HotLine): number => (line.party === 'user' ? 0 : 1);
    return [...this.#entries.values()]
      .map(({ frame, line, self, charged }) => ({
        file: frames.file[frame]!,
        line,
        function: frames.name[frame]!,
        party: PARTIES[frames.party[frame]!]!,
        self,
        charged,
      }))
      .sort(
        (a, b) =>
          isUser(a) - isUser(b) ||
          b.charged - a.charged ||
          (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
      );
  }
}
