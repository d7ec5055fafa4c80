import { HolterError } from '../base/errors.ts';
import type { ChangeLimit, DifferenceInput, DifferenceRow, ProfileDifference } from './difference.ts';
import { SIGNIFICANT_Z } from './significance.ts';

/** What went over a limit. */
export interface LimitBreach {
  /** `overall`: the whole; `charged`, `self`: one function of `row`. */
  what: 'overall' | 'charged' | 'self';
  /** On the scale of the difference: shares 0–1, weight per request, or weight. */
  before: number;
  after: number;
  /** Overall: (after − before) / before. Of a function: the rise of its share, 0.05 = 5 points. */
  rise: number;
  row?: DifferenceRow;
}

/**
 * Reads `+5%` (also `5%`, `+0.5 %`): a rise of over 5 %.
 * @throws HolterError E_USAGE
 */
export function parseChangeLimit(text: string): ChangeLimit {
  const match = /^\+?\s*(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(text.trim());
  if (match === null)
    throw new HolterError('E_USAGE', `--fail-on ${JSON.stringify(text)} is not a rise like +5%`, {
      hint: "for example --fail-on '+5%'; only rises can be failed on",
    });
  return { relative: Number(match[1]) / 100 };
}

/**
 * True when a comparison is worse than `limit` by more than chance. What `+5%` means follows from what is compared:
 *
 *     by requests   the whole weight per request rose by over 5 % (57 → 60 ms)
 *     by nothing    the whole weight rose by over 5 % (120 → 127 MB)
 *     by total      of some function the charged or own share of the busy time rose by over 5 points (20 → 25.1 %), and
 *                   so did its weight per second: where one function gets faster, the shares of all others rise
 *
 * Only significant changes count, so that two profiles of the same program pass. A fall never fails.
 */
export function exceedsLimit(difference: ProfileDifference, limit: ChangeLimit): boolean {
  return listBreaches(difference, limit).length > 0;
}

/** What went over `limit`, largest rise first; empty when nothing did. See {@link exceedsLimit}. */
export function listBreaches(difference: ProfileDifference, limit: ChangeLimit): LimitBreach[] {
  const { overall, rows, normalisation } = difference;
  if (normalisation !== 'total') {
    const { before, after, relative, significant } = overall;
    return significant && relative > limit.relative
      ? [{ what: 'overall', before, after, rise: relative }]
      : [];
  }
  const breaches: LimitBreach[] = [];
  for (const row of rows) {
    const { chargedBefore, chargedAfter, selfBefore, selfAfter } = row;
    if (row.chargedSignificant && rises(difference, chargedBefore, chargedAfter, limit))
      breaches.push({
        what: 'charged',
        before: chargedBefore,
        after: chargedAfter,
        rise: row.chargedDelta,
        row,
      });
    else if (row.significant && rises(difference, selfBefore, selfAfter, limit))
      breaches.push({ what: 'self', before: selfBefore, after: selfAfter, rise: row.delta, row });
  }
  return breaches.sort((a, b) => b.rise - a.rise);
}

function rises({ inputs }: ProfileDifference, before: number, after: number, limit: ChangeLimit): boolean {
  // Rounding: 0.25 − 0.2 is a little over 0.05.
  if (after - before <= limit.relative + 1e-9) return false;
  const [a, b] = [ratePerSecond(before, inputs.before), ratePerSecond(after, inputs.after)];
  if (a === undefined || b === undefined) return true;
  const noise = SIGNIFICANT_Z * Math.sqrt(a.variance + b.variance);
  return b.rate - a.rate > Math.max(noise, 1e-9 * a.rate);
}

/** Weight of a share of the busy time per second of the profile, and the variance sampling gives it; undefined without time. */
function ratePerSecond(
  share: number,
  { busy, seconds, samples }: DifferenceInput,
): { rate: number; variance: number } | undefined {
  if (!(seconds > 0)) return undefined;
  const rate = (share * busy) / seconds;
  return { rate, variance: samples > 0 ? (rate * busy) / samples / seconds : 0 };
}
