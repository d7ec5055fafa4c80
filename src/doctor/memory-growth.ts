import type { Bytes, Milliseconds } from '../base/units.ts';
import type { SeriesName, VitalSigns } from '../metrics/series.ts';
import { theilSen } from '../metrics/statistics.ts';

/** Growth of what stays alive after collections. */
export interface MemoryGrowth {
  /** `exact`: two forced collections. `forced`: one at the end against an early upper bound. `lows`: only V8's own. */
  proof: 'exact' | 'forced' | 'lows' | 'none';
  /** Alive at the end of the window. */
  liveBytes: Bytes;
  /** Alive at its start, or an upper bound of it. */
  earlyBytes: Bytes;
  /** Growth that is certain; may be negative. */
  growthBytes: Bytes;
  /** Best estimate and its lower bound (95 %). */
  bytesPerMinute: Bytes;
  lowerPerMinute: Bytes;
  /** Lows of the last third are above those of the middle third: it has not levelled off. undefined = cannot be told. */
  continuing: boolean | undefined;
  /** Post-GC lows behind it, for the text: how many. */
  lows: number;
}

interface Point {
  at: Milliseconds;
  bytes: Bytes;
}

const BINS = 10;

/**
 * Floating garbage makes every healthy heap look as if it grew, so only lows after collections count.
 *
 *     used   ╱╲  ╱╲   ╱╲  ╱╲  ╱╲        used         ╱╲  ╱
 *           ╱  ╲╱  ╲ ╱  ╲╱  ╲╱  ╲               ╱╲  ╱  ╲╱      ← lows rise
 *     healthy: the lows are level              ╱  ╲╱
 *
 * Early value: the smallest size seen in the first third, which is never less than what was alive then. A forced full
 * collection at the end gives the exact live size; what it exceeds the early value by has really been kept.
 */
export function measureGrowth(
  vitals: VitalSigns,
  memory: 'heap' | 'external',
  windowMs: Milliseconds,
): MemoryGrowth {
  const forced = vitals.forcedGc.map((gc) => ({
    at: gc.at,
    bytes: memory === 'heap' ? gc.usedAfterBytes : gc.externalAfterBytes,
  }));
  const lows = postGcLows(vitals, memory, windowMs);
  const third = windowMs / 3;
  const seen = [...lows.all, ...seriesPoints(vitals, memory)].filter((point) => point.at <= third);
  const early = lowest(seen);
  const last = forced.at(-1);
  const trend = trendOf(last === undefined ? lows.binned : [...lows.binned, last]);
  const common = { lows: lows.binned.length, continuing: stillGrowing(lows.binned, third) };

  const first = forced[0];
  if (first !== undefined && last !== undefined && last.at - first.at >= 2000) {
    const rate = ((last.bytes - first.bytes) / (last.at - first.at)) * 60_000;
    return {
      ...common,
      proof: 'exact',
      liveBytes: last.bytes,
      earlyBytes: first.bytes,
      growthBytes: last.bytes - first.bytes,
      bytesPerMinute: rate,
      lowerPerMinute: rate,
    };
  }
  if (last !== undefined && early !== undefined && last.at - early.at >= 2000) {
    const certain = ((last.bytes - early.bytes) / (last.at - early.at)) * 60_000;
    // The early value holds garbage, so the certain rate is too low; the slope of the lows is nearer when it agrees.
    const rate =
      certain > 0 && trend.slopePerMinute > certain ? Math.min(trend.slopePerMinute, certain * 2) : certain;
    return {
      ...common,
      proof: 'forced',
      liveBytes: last.bytes,
      earlyBytes: early.bytes,
      growthBytes: last.bytes - early.bytes,
      bytesPerMinute: rate,
      lowerPerMinute: certain,
    };
  }
  const live = lows.majors.at(-1)?.bytes ?? lows.binned.at(-1)?.bytes ?? Number.NaN;
  // Without a forced collection only full ones of V8 itself prove anything, and only several of them.
  const majors = lows.majors.length >= 5 ? trendOf(lows.majors) : undefined;
  const span = majors === undefined ? 0 : lows.majors.at(-1)!.at - lows.majors[0]!.at;
  return {
    ...common,
    proof: majors === undefined ? 'none' : 'lows',
    liveBytes: live,
    earlyBytes: early?.bytes ?? Number.NaN,
    growthBytes: majors === undefined ? Number.NaN : (Math.max(0, majors.lower) * span) / 60_000,
    bytesPerMinute: majors?.slopePerMinute ?? trend.slopePerMinute,
    lowerPerMinute: majors?.lower ?? trend.lower,
  };
}

/** Growth the window must show: below this, sampling noise and lazily compiled code look the same. */
const LEAST_GROWTH: Bytes = 2_500_000;

/** Growth that is certain, large enough and has not levelled off. `least` in bytes. */
export function isGrowing(growth: MemoryGrowth, least: Bytes = LEAST_GROWTH): boolean {
  return (
    growth.proof !== 'none' &&
    growth.growthBytes >= Math.max(least, 0.02 * growth.liveBytes) &&
    growth.lowerPerMinute > 0 &&
    growth.continuing !== false
  );
}

function postGcLows(
  vitals: VitalSigns,
  memory: 'heap' | 'external',
  windowMs: Milliseconds,
): { all: Point[]; majors: Point[]; binned: Point[] } {
  const all: Point[] = [];
  const majors: Point[] = [];
  for (const gc of vitals.gc) {
    const bytes = memory === 'heap' ? gc.usedAfterBytes : gc.externalAfterBytes;
    if (bytes === undefined || !Number.isFinite(bytes)) continue;
    all.push({ at: gc.at, bytes });
    if (gc.kind === 'major') majors.push({ at: gc.at, bytes });
  }
  if (majors.length >= 5) return { all, majors, binned: majors };
  const bins = new Array<Point | undefined>(BINS).fill(undefined);
  for (const point of all) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((point.at / windowMs) * BINS)));
    const known = bins[bin];
    if (known === undefined || point.bytes < known.bytes) bins[bin] = point;
  }
  return { all, majors, binned: bins.filter((point) => point !== undefined) };
}

function seriesPoints(vitals: VitalSigns, memory: 'heap' | 'external'): Point[] {
  const name: SeriesName = memory === 'heap' ? 'memory.heap_used_bytes' : 'memory.external_bytes';
  const series = vitals.series.get(name);
  if (series === undefined) return [];
  return Array.from(series.time, (at, index) => ({ at, bytes: series.value[index]! })).filter((point) =>
    Number.isFinite(point.bytes),
  );
}

function lowest(points: readonly Point[]): Point | undefined {
  let best: Point | undefined;
  for (const point of points) if (best === undefined || point.bytes < best.bytes) best = point;
  return best;
}

function trendOf(points: readonly Point[]): ReturnType<typeof theilSen> {
  return theilSen(
    points.map((point) => point.at),
    points.map((point) => point.bytes),
  );
}

/** Compares lows of the three thirds; undefined unless each has one and the first is below the last. */
function stillGrowing(points: readonly Point[], third: Milliseconds): boolean | undefined {
  const [a, b, c] = [0, 1, 2].map((part) =>
    lowest(points.filter((point) => point.at >= part * third && point.at < (part + 1) * third)),
  );
  if (a === undefined || b === undefined || c === undefined) return undefined;
  // A full collection late in the window puts the last low below the middle one: that says nothing about the trend.
  if (c.bytes <= a.bytes || b.bytes < a.bytes || c.bytes < b.bytes - 0.1 * (c.bytes - a.bytes))
    return undefined;
  return c.bytes - b.bytes >= 0.15 * (c.bytes - a.bytes);
}
