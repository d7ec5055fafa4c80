import type { Interval } from './interval.ts';

/** An `await` that is not settled yet, or was later. */
export interface Awaiting {
  row: number;
  from: number;
  to: number;
  /** Operation that ran when it began: awaits with the same one began in one go. */
  trigger: number;
}

/**
 * Whose turn it was in each of the `gaps` (sorted, disjoint): time in which a request waits but no operation of it is
 * known. All awaits on the way to the request wait then; the innermost one tells the reason. In one go of code the
 * innermost function awaits first, so it is the first await of the latest go.
 *
 *     handler ──await──────────────────────    began in the same go as query's first await, after it
 *       query ──await acquire──┐┌─await ask    the second one began in a later go
 *
 * Gives row and interval, in order of time.
 */
export function findOwnWaits(
  awaits: readonly Awaiting[],
  gaps: readonly Interval[],
): { row: number; from: number; to: number }[] {
  const found: { row: number; from: number; to: number }[] = [];
  const sorted = [...awaits].sort((a, b) => a.from - b.from);
  const edges = [...new Set(sorted.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  let next = 0;
  let edge = 0;
  let active: Awaiting[] = [];
  for (const [gapFrom, gapTo] of gaps) {
    let at = gapFrom;
    while (at < gapTo) {
      while (edge < edges.length && edges[edge]! <= at) edge++;
      const until = Math.min(gapTo, edges[edge] ?? gapTo);
      while (next < sorted.length && sorted[next]!.from <= at) active.push(sorted[next++]!);
      active = active.filter(({ to }) => to > at);
      const innermost = chooseInnermost(active);
      const last = found.at(-1);
      if (innermost !== undefined) {
        if (last?.row === innermost.row && last.to === at) last.to = until;
        else found.push({ row: innermost.row, from: at, to: until });
      }
      at = until;
    }
  }
  return found;
}

/** `active` is in order of beginning. */
function chooseInnermost(active: readonly Awaiting[]): Awaiting | undefined {
  const latest = active.at(-1);
  if (latest === undefined) return undefined;
  return active.find(({ trigger }) => trigger === latest.trigger);
}
