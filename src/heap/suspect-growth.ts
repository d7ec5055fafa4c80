import { formatBytes, formatNumber } from '../base/quantity.ts';
import { compareHeaps } from './compare-heaps.ts';
import type { Heap } from './heap.ts';
import type { HeapDifference } from './heap-difference.ts';
import { NodeList } from './node-list.ts';
import { type Candidate, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** Of the heap that a class must have grown by, */
const LEAST_SHARE = 0.01;
/** and no less than this: a process that works for a minute moves some 100 kB. */
const LEAST_BYTES = 500_000;
/** Classes of an older snapshot that are looked at. */
const MOST = 20;

export interface Growth {
  difference: HeapDifference;
  /** Class name → what was added and removed, largest of that name. */
  byClass: Map<string, { count: number; bytes: number }>;
}

export function measureGrowth(before: Heap, heap: Heap): Growth {
  const difference = compareHeaps(before, heap, { top: MOST });
  const byClass = new Map<string, { count: number; bytes: number }>();
  for (const change of difference.classes)
    if (!byClass.has(change.name))
      byClass.set(change.name, {
        count: change.countAfter - change.countBefore,
        bytes: change.retainedDelta,
      });
  return { difference, byClass };
}

/**
 * Classes of the program that grew since the older snapshot by 1 % of the heap and 500 kB; new objects minus gone ones
 * are at least a tenth of what there was (otherwise it is a cache that turns over).
 */
export function findGrowth(survey: Survey, { difference }: Growth): Candidate[] {
  const { heap, total } = survey;
  const least = Math.max(LEAST_BYTES, LEAST_SHARE * total);
  const found: Candidate[] = [];
  for (const change of difference.classes) {
    if (found.length >= MOST) break;
    if (change.retainedDelta < least || /^\(|^system \//.test(change.name)) continue;
    const more = change.countAfter - change.countBefore;
    if (more < 2 || more < change.countBefore / 10) continue;
    const row = heap.classes.name.indexOf(change.name);
    if (row < 0) continue;
    const list = new NodeList();
    const { of } = heap.classes;
    for (let node = 0; node < of.length; node++) if (of[node] === row) list.push(node);
    found.push({
      detector: 'growth',
      what: change.name,
      count: change.countAfter,
      bytes: change.retainedDelta,
      bytesAre: 'grown',
      roots: topmost(heap, list.nodes),
      classRow: row,
      ...(change.holders.length > 0 ? { holders: change.holders } : {}),
      evidence: [
        `${formatNumber(change.countBefore)} before, ${formatNumber(change.countAfter)} now, ${formatBytes(change.retainedDelta)} more`,
      ],
      advice: '',
      growth: { count: more, bytes: change.retainedDelta },
    });
  }
  return found;
}
