import type { FlameTree } from './flame-tree.ts';
import { niceCeiling } from './statistics.ts';

/** Colours of a comparison, from much less to much more; the middle is no change. */
export interface DifferenceScale {
  /** Change of a box, relative to the whole, that gets the full colour. */
  full: number;
  /** Fill by step, `steps[(steps.length − 1) / 2]` = no change. */
  steps: string[];
}

/** How far a box's total went from before to after, relative to the larger whole (−1 … 1). */
export function changeOf(tree: FlameTree, box: number, widthBefore: boolean): number {
  const other = tree.other;
  if (other === null) return 0;
  const change = (tree.total[box]! - other[box]!) / Math.max(tree.changeWhole, 1e-12);
  return widthBefore ? -change : change;
}

/** The largest change of any box, as a round number: what the full colour means. */
export function fullChange(tree: FlameTree): number {
  let most = 0;
  for (let i = 1; i < tree.length; i++) most = Math.max(most, Math.abs(changeOf(tree, i, false)));
  return Math.max(0.001, niceCeiling(most));
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
