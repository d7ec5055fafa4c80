import type { PoolWork } from '../postmortem/thread-pool.ts';

/**
 * How many at the front of a line stood in it at the look before, of those who are served from the front:
 *
 *     before   a b c d e
 *     now          c d e f g     3 stayed
 *     now          c d a         0: memory of finished requests is used again at once, so an address alone says little
 *
 * All behind the first one that stayed must be there too, in their order.
 */
export function countStayed(before: readonly PoolWork[], now: readonly PoolWork[]): number {
  const [first] = now;
  if (first === undefined) return 0;
  const from = before.findIndex((work) => isSame(work, first));
  if (from === -1) return 0;
  const stayed = Math.min(before.length - from, now.length);
  for (let i = 1; i < stayed; i++) if (!isSame(before[from + i]!, now[i]!)) return 0;
  return stayed;
}

function isSame(one: PoolWork, other: PoolWork): boolean {
  return one.address === other.address && one.kind === other.kind && one.subject === other.subject;
}
