import type { Bytes, Milliseconds, Percent } from '../base/units.ts';
import type { Filter, Trigger, Vital } from './rules.ts';

/** One look at a process from outside. Times of a monotonic clock, ms. */
export interface Reading {
  at: Milliseconds;
  cpu: Percent;
  main: Percent;
  wait: Percent;
  rss: Bytes;
  threads: number;
  /** Since when the main thread did not come back to its loop, as far as /proc tells; undefined: it did. */
  stillSince?: Milliseconds;
}

export interface Named {
  pid: number;
  names: readonly string[];
  ports: readonly number[];
  uid: number;
  cluster: 'primary' | 'worker' | null;
  ageMs: Milliseconds;
}

/** Does a rule speak of this process? */
export function matches(filter: Filter, process: Named): boolean {
  const { name, pid, port, user, cluster } = filter;
  return (
    process.ageMs >= filter.olderThanMs &&
    (name === undefined || process.names.some((one) => matchesName(name, one))) &&
    (pid === undefined || process.pid === pid) &&
    (port === undefined || process.ports.includes(port)) &&
    (user === undefined || process.uid === user) &&
    (cluster === undefined || process.cluster === cluster)
  );
}

function matchesName(pattern: string, name: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`).test(name);
}

/** What a condition saw when it held. */
export interface Hit {
  value: number;
  unit: 'percent' | 'bytes' | 'ms' | 'count';
  limit: number;
  text: string;
}

const UNITS: Readonly<Record<Vital, Hit['unit']>> = {
  cpu: 'percent',
  main: 'percent',
  wait: 'percent',
  rss: 'bytes',
  threads: 'count',
};
const WORDS: Readonly<Record<Vital, string>> = {
  cpu: 'CPU',
  main: 'CPU of the main thread',
  wait: 'waiting for a CPU',
  rss: 'RSS',
  threads: 'threads',
};
/** Parts of the window whose low points must rise one after the other. */
const PARTS = 5;

/**
 * Whether the readings of one process, oldest first, fulfil a trigger that is decided by them; undefined: not, or not yet.
 * Pure. A vital sign must be over its threshold in every reading of the time; growth must show in the low points, which
 * garbage that comes and goes does not lift, in each of five parts of the time.
 */
export function holds(trigger: Trigger, readings: readonly Reading[]): Hit | undefined {
  const last = readings.at(-1);
  if (last === undefined) return undefined;
  if (trigger.kind === 'vital') {
    const { vital, over, forMs } = trigger;
    let from = last.at;
    for (let index = readings.length - 1; index >= 0; index--) {
      const reading = readings[index] as Reading;
      if (!(reading[vital] > over)) break;
      from = reading.at;
      if (last.at - from >= forMs)
        return { value: last[vital], unit: UNITS[vital], limit: over, text: WORDS[vital] };
    }
    return undefined;
  }
  if (trigger.kind === 'growth') {
    const from = last.at - trigger.forMs;
    const first = readings[0];
    if (first === undefined || first.at > from) return undefined;
    const lows = Array.from({ length: PARTS }, () => Number.POSITIVE_INFINITY);
    for (const { at, rss } of readings) {
      if (at <= from) continue;
      const part = Math.min(PARTS - 1, Math.floor((PARTS * (at - from)) / trigger.forMs));
      if (rss < (lows[part] as number)) lows[part] = rss;
    }
    const isRising = lows.every(
      (low, index) => Number.isFinite(low) && (index === 0 || low > (lows[index - 1] as number)),
    );
    // From the first to the last part is one part less than the time.
    const rise = (((lows.at(-1) as number) - (lows[0] as number)) * PARTS) / (PARTS - 1);
    return isRising && rise >= trigger.over
      ? { value: rise, unit: 'bytes', limit: trigger.over, text: 'RSS rose' }
      : undefined;
  }
  if (trigger.kind === 'blocked' && last.stillSince !== undefined) {
    const ms = last.at - last.stillSince;
    return ms >= trigger.forMs
      ? { value: ms, unit: 'ms', limit: trigger.forMs, text: 'the event loop did not turn' }
      : undefined;
  }
  return undefined;
}

/** Readings that a trigger looks back on. */
export function memoryOf(trigger: Trigger): Milliseconds {
  return trigger.kind === 'vital' || trigger.kind === 'growth' ? trigger.forMs : 0;
}
