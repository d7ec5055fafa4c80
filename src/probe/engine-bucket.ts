/**
 * Lower end of the bucket a value belongs to, for quantize (powers of two), lquantize (low, high, step) and llquantize (factor,
 * from, to, steps). Runs INSIDE the target, sent as text beside the engine.
 */
export function engineBucket(fn: string, params: number[], value: number): number {
  const { floor, log2, abs } = Math;
  if (fn === 'quantize') {
    if (value > -1 && value < 1) return 0;
    const size = abs(value);
    let power = floor(log2(size));
    // log2 rounds: 2^49 - 1 must not become 2^49.
    if (2 ** power > size) power--;
    else if (2 ** (power + 1) <= size) power++;
    return value < 0 ? -(2 ** power) : 2 ** power;
  }
  const [low = 0, high = 0, step = 1] = params;
  if (fn === 'lquantize') {
    if (value < low) return Number.NEGATIVE_INFINITY;
    if (value >= high) return Number.POSITIVE_INFINITY;
    return low + floor((value - low) / step) * step;
  }
  // llquantize(factor, from, to, steps): `steps` even levels in each power of the factor.
  const [factor = 10, from = 0, to = 0, steps = 10] = params;
  if (value < factor ** from) return Number.NEGATIVE_INFINITY;
  if (value >= factor ** (to + 1)) return Number.POSITIVE_INFINITY;
  let power = floor(Math.log(value) / Math.log(factor));
  if (factor ** (power + 1) <= value) power++;
  else if (factor ** power > value) power--;
  const width = factor ** (power + 1) / steps;
  return width < 1 ? floor(value) : Math.max(factor ** power, floor(value / width) * width);
}
