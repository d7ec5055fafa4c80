import { formatNumber, formatShare } from '../base/quantity.ts';
import type { ChangeLimit, DifferenceRow, LimitBreach, ProfileDifference } from '../cpu/difference.ts';
import { nameOf, percent } from './cpu-headline.ts';
import { describeWhole, formatWeight, VERBS } from './weight-text.ts';

/** What the numbers of a comparison are. */
export const NORMALISED: Record<ProfileDifference['normalisation'], string> = {
  total: 'share of the busy time',
  requests: 'weight per request',
  nothing: 'as recorded',
};

/** A normalised value: `23.4 %`, `57 ms`, `1.2 MB`. */
export function formatValue({ normalisation, unit }: ProfileDifference, value: number): string {
  return normalisation === 'total' ? formatShare(value) : formatWeight(unit, value);
}

/** A change with its sign: `+12.3 points`, `−33 ms`. */
export function formatDelta(difference: ProfileDifference, delta: number): string {
  const sign = delta < 0 ? '−' : '+';
  const size = Math.abs(delta);
  if (difference.normalisation === 'total') return `${sign}${(size * 100).toFixed(1)} points`;
  return sign + formatWeight(difference.unit, size);
}

/** `+12 %`, `−64 %`, `new`, `gone`. */
export function formatRelative(before: number, after: number): string {
  if (before === 0) return after === 0 ? '' : 'new';
  if (after === 0) return 'gone';
  const change = (after - before) / before;
  if (change >= 9.95) return `× ${formatNumber(after / before)}`;
  return `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`;
}

/** One measure of a row: charged weight of the user's functions, or own weight of any. */
export interface Change {
  row: DifferenceRow;
  before: number;
  after: number;
  delta: number;
  significant: boolean;
}

function chargedChange(row: DifferenceRow): Change {
  const {
    chargedBefore: before,
    chargedAfter: after,
    chargedDelta: delta,
    chargedSignificant: significant,
  } = row;
  return { row, before, after, delta, significant };
}

function selfChange(row: DifferenceRow): Change {
  return {
    row,
    before: row.selfBefore,
    after: row.selfAfter,
    delta: row.delta,
    significant: row.significant,
  };
}

/** Changes of one kind, largest first, significant ones before others; `worth` = the least size that is shown. */
export function rankChanges(
  difference: ProfileDifference,
  of: 'charged' | 'self',
): { slower: Change[]; faster: Change[] } {
  const worth = leastWorth(difference);
  const changes = (
    of === 'charged'
      ? difference.rows.filter(({ party }) => party === 'user').map(chargedChange)
      : difference.rows.map(selfChange)
  )
    .filter(({ delta }) => Math.abs(delta) >= worth)
    .sort((a, b) => Number(b.significant) - Number(a.significant) || Math.abs(b.delta) - Math.abs(a.delta));
  return {
    slower: changes.filter(({ delta }) => delta > 0),
    faster: changes.filter(({ delta }) => delta < 0),
  };
}

/** A thousandth of the larger whole. */
function leastWorth({ normalisation, overall, inputs }: ProfileDifference): number {
  if (normalisation === 'total') return 0.001;
  if (normalisation === 'requests') return Math.max(overall.before, overall.after) / 1000;
  return Math.max(inputs.before.busy, inputs.after.busy) / 1000;
}

/** Titles of the tables: time gets slower and faster, memory and counts more and less. */
export function tableTitles({ unit }: ProfileDifference): { up: string; down: string; own: string } {
  if (unit === 'microseconds') return { up: 'slower', down: 'faster', own: 'own time' };
  return { up: 'more', down: 'less', own: unit === 'bytes' ? 'own bytes' : 'own samples' };
}

const SUBJECTS = { microseconds: 'CPU time', bytes: 'allocated memory', samples: 'samples' } as const;

/**
 * The answer in a sentence: `38 % less CPU time per request, 92 → 57 ms: hashPassword −33 ms`. By total, where the whole is
 * always 100 %, the function of the user whose share changed most.
 */
export function differenceHeadline(difference: ProfileDifference, _cwd = ''): string {
  const { normalisation, overall, inputs } = difference;
  if (inputs.before.busy <= 0 || inputs.after.busy <= 0)
    return 'nothing to compare: a profile has no busy time';
  const main = mainChange(difference);
  if (normalisation === 'total') {
    if (main === undefined) return 'no significant change in where the time goes';
    const name = nameOf(main.row);
    const whole = describeWhole(difference.unit, inputs.after.busy);
    if (main.before === 0)
      return `${name} is new and ${VERBS[difference.unit]} ${percent(main.after)} ${whole}`;
    const share = `${percent(main.before)} to ${percent(main.after)}`;
    const of = difference.unit === 'microseconds' ? 'busy time' : 'whole';
    return `${name} went from ${share} of the ${of} (${formatDelta(difference, main.delta)})`;
  }
  const per = normalisation === 'requests' ? ' per request' : '';
  const subject = SUBJECTS[difference.unit];
  const values = `${formatWeight(difference.unit, overall.before)} → ${formatWeight(difference.unit, overall.after)}`;
  const most = main === undefined ? '' : `: ${nameOf(main.row)} ${formatDelta(difference, main.delta)}`;
  if (!overall.significant)
    return `no significant change of the ${subject}${per}, ${values}${most === '' ? '' : `, but ${most.slice(2)}`}`;
  const size = Math.abs(overall.relative);
  const amount = Number.isFinite(size) ? `${percent(size)} ${overall.relative < 0 ? 'less' : 'more'}` : 'new';
  return `${amount} ${subject}${per}, ${values}${most}`;
}

/**
 * The significant change that explains most: of the user's functions by charged weight, in the direction of the whole
 * where it has one; else of any function by own weight.
 */
function mainChange(difference: ProfileDifference): Change | undefined {
  const direction =
    difference.normalisation === 'total' || !difference.overall.significant
      ? 0
      : Math.sign(difference.overall.relative);
  for (const of of ['charged', 'self'] as const) {
    const { slower, faster } = rankChanges(difference, of);
    const [found] = [...slower, ...faster]
      .filter(({ significant, delta }) => significant && (direction === 0 || Math.sign(delta) === direction))
      .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `over +5 %: CPU time per request rose by 12 %`, for each breach. */
export function breachText(difference: ProfileDifference, limit: ChangeLimit, breach: LimitBreach): string {
  const head = `over the limit of +${percent(limit.relative)}`;
  const values = `${formatValue(difference, breach.before)} → ${formatValue(difference, breach.after)}`;
  if (breach.row === undefined) {
    const per = difference.normalisation === 'requests' ? ' per request' : '';
    return `${head}: ${SUBJECTS[difference.unit]}${per} rose by ${percent(breach.rise)}, ${values}`;
  }
  return `${head}: ${nameOf(breach.row)} rose by ${(breach.rise * 100).toFixed(1)} points, ${breach.what} ${values}`;
}

/**
 * Shares add up to 100 %: where a function fell by at least half of what others rose, the rise may be that and nothing else.
 * undefined where it cannot be.
 */
export function breachCaution(
  difference: ProfileDifference,
  breaches: readonly LimitBreach[],
): string | undefined {
  if (difference.normalisation !== 'total' || breaches[0] === undefined) return undefined;
  const { faster } = rankChanges(difference, 'charged');
  const fallen = faster.find(({ significant, delta }) => significant && -delta >= breaches[0]!.rise / 2);
  if (fallen === undefined) return undefined;
  return `shares add up to 100 %: ${nameOf(fallen.row)} fell by ${(-fallen.delta * 100).toFixed(1)} points, which alone lets others rise; compare per request to be sure (--by requests)`;
}
