import type { Bytes, Milliseconds } from '../base/units.ts';

/** What is left after one full collection. */
export interface Low {
  /** ms on any clock that only goes forward. */
  time: Milliseconds;
  bytes: Bytes;
}

export interface LeakVerdict {
  /** Lows of the growth, first is where it began. */
  lows: readonly Low[];
  growthBytes: Bytes;
  bytesPerMinute: number;
}

/** Less than this in all is noise: compiled code, inline caches, a few connections. */
const LEAST_BYTES = 1e6;
const LEAST_SHARE = 0.05;
/** Growth per second in the later half against the earlier; a cache that fills has less and less. */
const STEADY_RATIO = 0.7;
/** Above the highest low the heap ever came back from, else it is a sawtooth that may fall again. */
const OVER_CEILING = 1.1;
/** A low counts as a fall when it is so much below the one before. */
const FALL_SHARE = 0.02;

/**
 * memwatch's rule, without its false alarms: more was left after each of `collections` full collections in a row, and
 *
 * - the growth is over 1 MB and 5 % (compilation and noise),
 * - it goes on at the same pace: per second, the later half grew at least 0.7 × as fast as the earlier (a warming cache
 *   slows down),
 * - it has passed every height from which the heap has come back before by a tenth (a sawtooth does not),
 * - the process is older than the grace.
 *
 * After a verdict the next needs as many collections again, so one leak is told once per stretch.
 */
export function makeLeakRule(
  collections: number,
  graceMs: Milliseconds,
  startMs: Milliseconds,
): { add(low: Low): LeakVerdict | undefined } {
  let lows: Low[] = [];
  let ceiling = 0;
  return {
    add(low) {
      const before = lows.at(-1);
      if (before !== undefined && low.bytes <= before.bytes) {
        // Only a real fall says that it can come back from there.
        if (low.bytes < before.bytes * (1 - FALL_SHARE)) ceiling = Math.max(ceiling, before.bytes);
        lows = [low];
        return undefined;
      }
      lows.push(low);
      const rises = lows.length - 1;
      if (rises < collections || low.time - startMs < graceMs) {
        // In the grace only the newest are kept, so that what a start-up added is no part of the growth.
        if (rises > collections) lows.shift();
        return undefined;
      }
      const first = lows[0]!;
      const growthBytes = low.bytes - first.bytes;
      const isSteady = pace(lows, 'later') >= STEADY_RATIO * pace(lows, 'earlier');
      const isLeak =
        growthBytes >= Math.max(LEAST_BYTES, LEAST_SHARE * first.bytes) &&
        isSteady &&
        low.bytes > ceiling * OVER_CEILING;
      if (!isLeak) {
        lows.shift();
        return undefined;
      }
      const seconds = Math.max(1e-3, (low.time - first.time) / 1000);
      const verdict = { lows, growthBytes, bytesPerMinute: (growthBytes / seconds) * 60 };
      lows = [low];
      return verdict;
    },
  };
}

/** Bytes per ms of one half of the lows, split in time as evenly as their number allows. */
function pace(lows: readonly Low[], half: 'earlier' | 'later'): number {
  const middle = Math.floor((lows.length - 1) / 2);
  const [from, to] = half === 'earlier' ? [lows[0]!, lows[middle]!] : [lows[middle]!, lows.at(-1)!];
  return (to.bytes - from.bytes) / Math.max(1, to.time - from.time);
}
