import type { Bytes, Seconds } from '../base/units.ts';
import type { CallTree } from './call-tree.ts';
import type { DifferenceOptions, Normalisation, ProfileDifference } from './difference.ts';
import { countBusySamples } from './summary.ts';
import { splitTime } from './time-split.ts';

/**
 * What of a change is more than chance. A profile is a sample: a function that has n of N samples today has n ± √n of
 * them tomorrow. With w = weight, m = mean weight of a sample (busy weight / busy samples), so that w/m = samples:
 *
 *     by total       two shares of the busy time, p = w / busy, N = busy samples, pooled p̄ = (p₁N₁ + p₂N₂) / (N₁ + N₂)
 *                    z = (p₂ − p₁) / √( p̄(1−p̄) (d₁/N₁ + d₂/N₂) )
 *     by requests,   two Poisson rates, r = w / R, R = requests (by nothing: 1), pooled r̄ = (w₁ + w₂) / (R₁ + R₂)
 *     by nothing     z = (r₂ − r₁) / √( r̄ (d₁m₁/R₁ + d₂m₂/R₂) )
 *
 * d is the design effect of cpu/sample-noise.ts (1 by requests). Idle samples are in neither N: how long a process had nothing
 * to do says nothing about its mix. GC is a row like others. Two runs of one program differ by more than the sampling
 * (other addresses, other moments of compilation): shares of 12 runs of a small server spread by 0.014 √(p(1−p)) beyond it
 * (measured once, 6 s each, Node 22), so by total RUN_TO_RUN² p̄(1−p̄) is added to the variance of each side.
 *
 * A profile has hundreds of functions, and one in twenty would differ "with 95 % confidence" when nothing has changed.
 * So all rows of one comparison are judged together (judgeTogether: Benjamini and Hochberg 1995, false discoveries ≤ 5 %),
 * among those with at least 10 samples on both sides together; below, the normal approximation does not hold. Another load
 * or a busy machine is in no profile and not covered.
 */

/** One side, weighed for the comparison. */
export interface Measured {
  busy: number;
  total: number;
  seconds: Seconds;
  /** Busy samples; 0 = not sampled: no noise. */
  samples: number;
  requests?: number;
  /** What a weight is multiplied with to become a share, a weight per request, or itself. */
  scale: number;
  by: Normalisation['by'];
}

/** Two-sided 95 % of the normal distribution. */
export const SIGNIFICANT_Z = 1.96;
const FEWEST_SAMPLES = 10;
const RUN_TO_RUN = 0.014;
const FALSE_DISCOVERIES = 0.05;
const DEFAULT_ALLOCATION_INTERVAL: Bytes = 32 * 1024;

/** Weighs one side. */
export function measure(
  tree: CallTree,
  normalise: Normalisation,
  side: 'before' | 'after',
  options: Pick<DifferenceOptions, 'allocationInterval' | 'runShare'> = {},
): Measured {
  const { allocationInterval = DEFAULT_ALLOCATION_INTERVAL, runShare } = options;
  const running = tree.unit === 'microseconds' ? (runShare?.[side] ?? 1) : 1;
  const { busy, total } = splitTime(tree);
  const requests = normalise.by === 'requests' ? normalise[side] : undefined;
  return {
    busy,
    total,
    seconds: Math.max(0, tree.to - tree.from) / 1000,
    samples: tree.unit === 'bytes' ? busy / allocationInterval : countBusySamples(tree),
    ...(requests === undefined ? {} : { requests }),
    scale: normalise.by === 'total' ? (busy > 0 ? 1 / busy : 0) : running / (requests ?? 1),
    by: normalise.by,
  };
}

/** z score of the change between two normalised weights; `effects` of before and after. `tested` = enough samples to judge. */
export function scoreChange(
  before: number,
  after: number,
  sides: Record<'before' | 'after', Measured>,
  effects: readonly [number, number],
): { z: number; tested: boolean } {
  if (before === after) return { z: 0, tested: false };
  const [a, b] = [sides.before, sides.after];
  const variance =
    a.by === 'total'
      ? shareVariance(before, after, a.samples, b.samples, effects, RUN_TO_RUN)
      : rateVariance(before, after, a, b, effects);
  const z =
    variance > 0
      ? (after - before) / Math.sqrt(variance)
      : Math.sign(after - before) * Number.POSITIVE_INFINITY;
  const samples = samplesOf(before, a) + samplesOf(after, b);
  return { z, tested: samples >= FEWEST_SAMPLES };
}

/**
 * Which of several changes are significant, by Benjamini and Hochberg: p values ascending, all up to the last with
 * p(i) ≤ 0.05 i / m. Rows that were not tested are none of the m.
 */
export function judgeTogether(scores: readonly { z: number; tested: boolean }[]): boolean[] {
  const tested = scores
    .map(({ z, tested }, row) => ({ row, tested, p: tailProbability(z) }))
    .filter((score) => score.tested)
    .sort((a, b) => a.p - b.p);
  const last = tested.findLastIndex(({ p }, i) => p <= (FALSE_DISCOVERIES * (i + 1)) / tested.length);
  const significant = new Array<boolean>(scores.length).fill(false);
  for (const { row } of tested.slice(0, last + 1)) significant[row] = true;
  return significant;
}

/** Two-sided P(|Z| ≥ |z|) of the normal distribution: Abramowitz and Stegun 7.1.26 for erfc(|z|/√2), error < 1.5e−7. */
function tailProbability(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return series * Math.exp(-x * x);
}

function shareVariance(
  before: number,
  after: number,
  samplesBefore: number,
  samplesAfter: number,
  [effectBefore, effectAfter]: readonly [number, number],
  runToRun = 0,
): number {
  // A side that was measured, not sampled, has no noise of its own and counts as much as the other for the pooled share.
  const [n, m] = [samplesBefore || samplesAfter, samplesAfter || samplesBefore];
  if (n === 0) return 0;
  const pooled = (before * n + after * m) / (n + m);
  const noise =
    (samplesBefore > 0 ? effectBefore / samplesBefore + runToRun ** 2 : 0) +
    (samplesAfter > 0 ? effectAfter / samplesAfter + runToRun ** 2 : 0);
  return Math.max(0, pooled * (1 - pooled)) * noise;
}

function rateVariance(
  before: number,
  after: number,
  a: Measured,
  b: Measured,
  [effectBefore, effectAfter]: readonly [number, number],
): number {
  const pooled = (before / a.scale + after / b.scale) / (1 / a.scale + 1 / b.scale);
  const unit = ({ busy, samples, scale }: Measured) => (samples > 0 ? (busy / samples) * scale : 0);
  return pooled * (effectBefore * unit(a) + effectAfter * unit(b));
}

/** Samples behind a normalised weight; as many as it takes where nothing was sampled. */
function samplesOf(value: number, { scale, busy, samples }: Measured): number {
  if (value === 0) return 0;
  return samples === 0 ? FEWEST_SAMPLES : (value / scale / busy) * samples;
}

/** Change of the whole; see {@link ProfileDifference.overall}. */
export function judgeOverall(
  sides: Record<'before' | 'after', Measured>,
  by: Normalisation['by'],
  unit: CallTree['unit'],
): ProfileDifference['overall'] {
  const { before, after } = sides;
  if (by === 'total' && unit === 'microseconds') {
    const share = ({ busy, total }: Measured) => (total > 0 ? busy / total : 0);
    // Of all samples, idle ones too: their number is not kept, but they weigh what busy ones do.
    const all = ({ busy, total, samples }: Measured) => (busy > 0 ? (samples * total) / busy : 0);
    const variance = shareVariance(share(before), share(after), all(before), all(after), [1, 1]);
    return change(share(before), share(after), variance, 'busy share of time');
  }
  const rates = by === 'total' ? { before: asRecorded(before), after: asRecorded(after) } : sides;
  const value = ({ busy, scale }: Measured) => busy * scale;
  const [was, is] = [value(rates.before), value(rates.after)];
  const variance = rateVariance(was, is, rates.before, rates.after, [1, 1]);
  return change(was, is, variance, by === 'requests' ? `${unit} per request` : unit);
}

function asRecorded(side: Measured): Measured {
  return { ...side, scale: 1 };
}

function change(before: number, after: number, variance: number, unit: string): ProfileDifference['overall'] {
  const delta = after - before;
  const z =
    delta === 0
      ? 0
      : variance > 0
        ? delta / Math.sqrt(variance)
        : Math.sign(delta) * Number.POSITIVE_INFINITY;
  const relative = before > 0 ? delta / before : after > 0 ? Number.POSITIVE_INFINITY : 0;
  return { before, after, relative, unit, z, significant: Math.abs(z) >= SIGNIFICANT_Z };
}
