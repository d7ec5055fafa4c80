/** Round values from 0 up to `end`, at most `most` steps: 1, 2 or 5 times a power of ten apart. `[0]` for an empty axis. */
export function axisTicks(end: number, most: number): number[] {
  if (!(end > 0) || !Number.isFinite(end)) return [0];
  const least = end / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least * 0.999)!;
  // By counting: adding up would leave 0.30000000000000004.
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
