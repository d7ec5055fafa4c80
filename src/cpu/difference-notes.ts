import { formatNumber } from '../base/quantity.ts';
import type { CallTree } from './call-tree.ts';
import type { DifferenceInput, Normalisation } from './difference.ts';
import type { FunctionMatch } from './match-functions.ts';
import type { Measured } from './significance.ts';

/** Below this a share of one half is off by over 3 points. */
const FEW_SAMPLES = 1000;
/** Sampling intervals, lengths and loads that differ by more than this are told. */
const UNLIKE = 1.5;
const Z_95 = 1.96;

/** Warnings in sentences: what makes this comparison weak or wrong. Empty for two good profiles. */
export function differenceNotes(
  inputs: Record<'before' | 'after', DifferenceInput>,
  sides: Record<'before' | 'after', Measured>,
  by: Normalisation['by'],
  match: FunctionMatch,
  trees: Record<'before' | 'after', CallTree>,
): string[] {
  const notes = orderNotes(inputs);
  for (const side of ['before', 'after'] as const) {
    const { partial } = trees[side];
    if (partial !== undefined) notes.push(`${inputs[side].name} is partial: ${partial}`);
    const note = sampleNote(inputs[side], sides[side], trees[side].unit, by);
    if (note !== undefined) notes.push(note);
  }
  const bothBusy = sides.before.busy > 0 && sides.after.busy > 0;
  if (bothBusy && match.shared === 0)
    notes.push('no function of your code is in both: are they profiles of the same program?');
  for (const { before, after } of match.renamed)
    notes.push(`${before} is compared with ${after}: they hold functions of the same names`);
  if (bothBusy) notes.push(...unlikeNotes(sides, by, trees));
  return notes;
}

function orderNotes({ before, after }: Record<'before' | 'after', DifferenceInput>): string[] {
  const [first, second] = [Date.parse(before.recordedAt ?? ''), Date.parse(after.recordedAt ?? '')];
  if (second < first)
    return [
      `inputs swapped? the second file (${after.name}) was recorded before the first (${before.name}): the base goes first`,
    ];
  return second === first ? [`${before.name} and ${after.name} were recorded at the same moment`] : [];
}

function sampleNote(
  input: DifferenceInput,
  { samples, busy }: Measured,
  unit: CallTree['unit'],
  by: Normalisation['by'],
): string | undefined {
  if (busy === 0) return `${input.name} has no busy time`;
  if (samples === 0)
    return `${input.name} was measured, not sampled: every change counts as significant, though two runs are never the same`;
  if (samples >= FEW_SAMPLES) return undefined;
  const count = `${unit === 'bytes' ? 'about ' : ''}${formatNumber(samples)} busy samples in ${input.name}`;
  const noise =
    by === 'total'
      ? `${formatNumber((100 * Z_95 * 0.5) / Math.sqrt(samples))} points`
      : `${formatNumber((100 * Z_95) / Math.sqrt(samples))} % of the whole`;
  return `${count}: changes under ${noise} may be noise`;
}

function unlikeNotes(
  { before, after }: Record<'before' | 'after', Measured>,
  by: Normalisation['by'],
  trees: Record<'before' | 'after', CallTree>,
): string[] {
  const notes: string[] = [];
  const isTime = trees.after.unit === 'microseconds';
  if (isTime && before.samples > 0 && after.samples > 0) {
    const [a, b] = [before.busy / before.samples / 1000, after.busy / after.samples / 1000];
    if (differ(a, b))
      notes.push(
        `sampled each ${formatNumber(a)} ms before, each ${formatNumber(b)} ms after: short functions show in one only`,
      );
  }
  if (by === 'nothing' && before.seconds > 0 && after.seconds > 0 && differ(before.seconds, after.seconds))
    notes.push(
      `${formatNumber(before.seconds)} s recorded before, ${formatNumber(after.seconds)} s after: weights as recorded differ by that alone`,
    );
  if (by === 'requests' && differ(before.requests ?? 1, after.requests ?? 1) && before.seconds > 0) {
    const rate = ({ requests, seconds }: Measured) => (requests ?? 0) / Math.max(1e-9, seconds);
    if (differ(rate(before), rate(after)))
      notes.push(
        `${formatNumber(rate(before))} requests a second before, ${formatNumber(rate(after))} after: work that runs without requests weighs more where there were fewer`,
      );
  }
  return notes;
}

function differ(one: number, other: number): boolean {
  return Math.max(one, other) > UNLIKE * Math.min(one, other);
}
