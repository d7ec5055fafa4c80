import { type Shape, weigh } from './call-shape.ts';
import type { FlameTree } from './flame-tree.ts';
import { numberText, THIN } from './number-text.ts';
import { niceCeiling } from './statistics.ts';
import { outermostSame } from './tree-walk.ts';

/** Colours of a comparison, from much less to much more; the middle is no change. */
export interface DifferenceScale {
  /** Change of a box, relative to the whole, that gets the full colour. */
  full: number;
  /** Fill by step, `steps[(steps.length − 1) / 2]` = no change. */
  steps: string[];
}

/** Total on both sides, whichever gives the width of the boxes. */
export interface Sides {
  before: number;
  after: number;
}

/** Totals by frame, recursion counted once. */
export interface FunctionTotals {
  before: Float64Array;
  after: Float64Array;
}

/** What the colour of a box stands for. */
export interface ChangeView {
  /** The tree's `total` is the side before, its `other` the one after; else the other way round. */
  widthBefore: boolean;
  /** Boxes stand for their function in all its stacks; null: each for its own stack. */
  functions: FunctionTotals | null;
}

/**
 * Totals of the functions of a shape on both sides. Over all stacks, also those that the graph leaves out because they
 * are gone: a function that is called from somewhere else now has not become new.
 */
export function weighFunctions(
  shape: Shape,
  functions: number,
  before: Float64Array,
  after: Float64Array,
): FunctionTotals {
  const { parent, frame, length } = shape;
  const nested = outermostSame(parent, frame, functions, length);
  const side = (self: Float64Array) => {
    const sum = weigh(shape, self);
    const out = new Float64Array(functions);
    for (let i = length - 1; i > 0; i--) sum[parent[i]!]! += sum[i]!;
    for (let i = 0; i < length; i++) if (nested[i]! < 0) out[frame[i]!]! += sum[i]!;
    return out;
  };
  return { before: side(before), after: side(after) };
}

/** Before and after of a box: of its stack, or of its function. */
export function sidesOf(tree: FlameTree, box: number, { widthBefore, functions }: ChangeView): Sides {
  if (functions !== null) {
    const frame = tree.frame[box]!;
    return { before: functions.before[frame]!, after: functions.after[frame]! };
  }
  const [shown, other] = [tree.total[box]!, tree.other?.[box] ?? tree.total[box]!];
  return widthBefore ? { before: shown, after: other } : { before: other, after: shown };
}

/** How far a box went from before to after, relative to the larger whole (−1 … 1). */
export function changeOf(tree: FlameTree, box: number, how: ChangeView): number {
  const { before, after } = sidesOf(tree, box, how);
  return (after - before) / Math.max(tree.changeWhole, 1e-12);
}

/** The largest change of any box, as a round number: what the full colour means. */
export function fullChange(tree: FlameTree, how: ChangeView): number {
  let most = 0;
  for (let i = 1; i < tree.length; i++) most = Math.max(most, Math.abs(changeOf(tree, i, how)));
  return Math.max(0.001, niceCeiling(most));
}

/** `55 → 37 ms`, `new, 12 %`, `80 % → gone`, from the texts of both weights. */
export function sidesText({ before, after }: Sides, text: (weight: number) => string): string {
  if (before === 0) return after === 0 ? text(0) : `new, ${text(after)}`;
  if (after === 0) return `${text(before)} → gone`;
  const [from, to] = [text(before), text(after)];
  const cut = from.lastIndexOf(THIN);
  // One unit is enough where both have the same.
  const same =
    cut > 0 && to.endsWith(from.slice(cut)) && to.lastIndexOf(THIN) === to.length - (from.length - cut);
  return `${same ? from.slice(0, cut) : from} → ${to}`;
}

/** `× 0.68`, `new`, `gone`: after as a multiple of before, `same` when that cannot be told from 1. */
export function factorText({ before, after }: Sides): string {
  if (before === 0) return after === 0 ? 'same' : 'new';
  if (after === 0) return 'gone';
  const factor = after / before;
  const text = factor >= 100 ? numberText(factor, 0) : factor >= 10 ? factor.toFixed(1) : factor.toFixed(2);
  return text === '1.00' ? 'same' : `×${THIN}${text}`;
}

/** Fill of a change. Small changes already get the first step, so that they are not taken for none. */
export function fillOf(scale: DifferenceScale, change: number): string {
  const middle = (scale.steps.length - 1) / 2;
  const size = Math.min(1, Math.abs(change) / scale.full);
  const step = size < 0.005 ? 0 : Math.max(1, Math.round(size * middle));
  return scale.steps[middle + Math.sign(change) * step]!;
}

/** Steps between three colours written `#rrggbb`: less, none, more; `count` to each side. */
export function mixSteps(less: string, none: string, more: string, count: number): string[] {
  const out: string[] = [];
  for (let i = -count; i <= count; i++) out.push(mix(none, i < 0 ? less : more, Math.abs(i) / count));
  return out;
}

function mix(a: string, b: string, part: number): string {
  const at = (colour: string, k: number) => Number.parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  const channel = (k: number) => Math.round(at(a, k) + (at(b, k) - at(a, k)) * part);
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}
