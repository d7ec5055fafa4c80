import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { type ClassChange, type HeapDifference, leakBytes } from './heap-difference.ts';

/** `--fail-on` of a comparison of heaps: of the whole heap, or of one class. */
export interface HeapLimit {
  /** As it was given. */
  text: string;
  /** Class it is about; undefined: the whole heap. */
  className: string | undefined;
  /** What may not be exceeded: a share of the heap before, bytes, or instances. */
  of: 'share' | 'bytes' | 'count';
  limit: number;
}

/** What went over a limit, and by how much. */
export interface HeapBreach {
  limit: HeapLimit;
  value: number;
}

const UNITS: Record<string, number> = {
  b: 1,
  kb: 1e3,
  kib: 1024,
  mb: 1e6,
  mib: 1024 ** 2,
  gb: 1e9,
  gib: 1024 ** 3,
};

/**
 * Reads `+5%`, `+10MB` (growth of the heap), `Session>+100` (more instances), `Session>+1MB` (kept by new ones).
 * @throws HolterError E_USAGE
 */
export function parseHeapLimit(text: string): HeapLimit {
  const match = /^(?:(.+?)\s*>\s*)?\+?\s*(\d+(?:\.\d+)?)\s*(%|[kmg]?i?b)?$/i.exec(text.trim());
  const unit = match?.[3]?.toLowerCase();
  const className = match?.[1]?.trim();
  const factor =
    unit === undefined || unit === '%' ? 1 : Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  // A bare number of the whole heap could be bytes, percent or objects.
  if (match === null || factor === undefined || (className === undefined ? unit === undefined : unit === '%'))
    throw new HolterError('E_USAGE', `--fail-on ${JSON.stringify(text)} is no limit`, {
      hint: "'+5%' or '+10MB' of the heap, 'Session>+100' instances, 'Session>+1MB' of a class",
    });
  return {
    text: text.trim(),
    className,
    of: unit === '%' ? 'share' : unit === undefined ? 'count' : 'bytes',
    limit: unit === '%' ? Number(match[2]) / 100 : Number(match[2]) * factor,
  };
}

/** What is over its limit, in the order of the limits. */
export function findBreaches(difference: HeapDifference, limits: readonly HeapLimit[]): HeapBreach[] {
  const growth: Bytes = (difference.totalLast ?? difference.totalAfter) - difference.totalBefore;
  return limits.flatMap((limit) => {
    const value =
      limit.className !== undefined
        ? classGrowth(difference.classes, limit.className, limit.of)
        : limit.of === 'bytes'
          ? growth
          : growth / Math.max(1, difference.totalBefore);
    return value > limit.limit ? [{ limit, value }] : [];
  });
}

/** All classes of the name together: two of one name are two constructors. */
function classGrowth(classes: readonly ClassChange[], name: string, of: HeapLimit['of']): number {
  let sum = 0;
  for (const change of classes) {
    if (change.name !== name) continue;
    sum += of === 'count' ? (change.countLast ?? change.countAfter) - change.countBefore : leakBytes(change);
  }
  return sum;
}
