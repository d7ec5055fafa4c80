import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import type { CallTree } from '../cpu/call-tree.ts';

/** A weight as people read it: `181 ms`, `216 MB`, `1 204 samples`. `weight` in `unit`. */
export function formatWeight(unit: CallTree['unit'], weight: number): string {
  if (unit === 'microseconds') {
    if (Math.abs(weight) > 0 && Math.abs(weight) < 100) return `${formatNumber(weight)} µs`;
    return formatDuration(weight / 1000);
  }
  return unit === 'bytes' ? formatBytes(weight) : `${formatNumber(weight)} samples`;
}

/** What shares are of: `of the busy time`, `of 216 MB`, `of 1 204 samples`. `busy` in `unit`. */
export function describeWhole(unit: CallTree['unit'], busy: number): string {
  return unit === 'microseconds' ? 'of the busy time' : `of ${formatWeight(unit, busy)}`;
}

/** `takes`, `allocates`, `is on`: what a function does with its weight. */
export const VERBS: Record<CallTree['unit'], string> = {
  microseconds: 'takes',
  bytes: 'allocates',
  samples: 'is on',
};
