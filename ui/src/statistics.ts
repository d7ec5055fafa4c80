/** Median, 95th percentile and maximum of what is known; null when nothing is. */
export interface Summary {
  median: number;
  p95: number;
  max: number;
}

/** Percentiles linear between neighbours, as src/metrics/statistics.ts counts them for the report. */
export function summarise(values: number[]): Summary | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return low + (sorted[Math.ceil(place)]! - low) * (place % 1);
  };
  return { median: at(0.5), p95: at(0.95), max: sorted[sorted.length - 1]! };
}

/** A round number at or above `value`: 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (step * power >= value * 0.9999) return step * power;
  return 10 * power;
}
