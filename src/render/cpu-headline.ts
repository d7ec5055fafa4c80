import { formatNumber } from '../base/quantity.ts';
import { cleanText } from '../base/terminal-text.ts';
import type { CpuSummary, SummaryFunction } from '../cpu/summary.ts';
import type { TimeRoom } from '../cpu/time-split.ts';
import { shortPath } from './short-path.ts';
import { describeWhole, formatWeight, VERBS } from './weight-text.ts';

/** Below this share of the busy weight no function of the user is worth a headline. */
const WORTH_NAMING = 0.05;
/** Below this the heaviest function is one of many. */
const DOMINANT = 0.2;
/** GC above this, and above the heaviest function, is what to look at first. */
const MUCH_GC = 0.3;
const MOSTLY_IDLE = 0.95;

/** The answer: a sentence and the place it speaks of (`app/auth.js:41`, '' without one). Cleaned for terminals. */
export interface Headline {
  text: string;
  place: string;
}

/** Says where most of the weight goes: to the function of the user that answers for it, else to what there is. */
export function describeAnswer(summary: CpuSummary, cwd: string): Headline {
  const { unit, split, total, busy } = summary;
  if (total <= 0) return { text: 'nothing was sampled', place: '' };
  if (busy <= 0) return { text: 'idle all the time', place: '' };
  const whole = describeWhole(unit, busy);
  const [top] = summary.user;
  const gcShare = split.weight.gc / busy;
  const idle = split.share.idle;
  const prefix = idle >= MOSTLY_IDLE ? `idle ${percent(idle)} of the time; ` : '';
  if (gcShare >= MUCH_GC && gcShare > (top?.chargedShare ?? 0))
    return { text: `${prefix}garbage collection takes ${percent(gcShare)} ${whole}`, place: '' };
  if (top !== undefined && top.chargedShare >= WORTH_NAMING) {
    const most = top.chargedShare < DOMINANT ? ' most,' : '';
    return {
      text: `${prefix}${nameOf(top)} ${VERBS[unit]}${most} ${percent(top.chargedShare)} ${whole}${calleeClause(top)}`,
      place: placeOf(summary, top, cwd),
    };
  }
  const other = summary.functions.find(({ category }) => category !== 'gc');
  if (other === undefined)
    return { text: `${prefix}garbage collection takes ${percent(gcShare)} ${whole}`, place: '' };
  const own = split.weight.user / busy;
  return {
    text: `${prefix}${nameOf(other)} ${VERBS[unit]} ${percent(other.selfShare)} ${whole}; your code ${percent(own)}`,
    place: locationText(other, cwd),
  };
}

/** The same in one string: `hashPassword takes 76 % of the busy time (app/auth.js:41)`. */
export function cpuHeadline(summary: CpuSummary, cwd: string): string {
  const { text, place } = describeAnswer(summary, cwd);
  return place === '' ? text : `${text} (${place})`;
}

function calleeClause({ mostIn, charged }: SummaryFunction): string {
  if (mostIn === undefined) return '';
  const share = mostIn.weight / charged;
  return share > 0.995
    ? `, all of it in ${cleanText(mostIn.name)}`
    : `, ${percent(share)} of that in ${cleanText(mostIn.name)}`;
}

/** The line of the function that holds most of what is charged to it, else its first line. */
function placeOf(summary: CpuSummary, row: SummaryFunction, cwd: string): string {
  const line = summary.lines.find(
    (each) =>
      each.file === row.file &&
      each.function === row.name &&
      each.line >= row.line &&
      each.charged >= row.charged / 2,
  );
  return locationText({ ...row, line: line?.line ?? row.line }, cwd);
}

/** `app/auth.js:41`, cleaned; the owner in words where there is no file. */
export function locationText(
  row: { file: string; line: number; package?: string; category?: SummaryFunction['category'] },
  cwd: string,
): string {
  if (row.file === '')
    return row.category === undefined || row.category === 'js' ? '' : ROOM_LABELS[row.category];
  const file = cleanText(shortPath(row.file, cwd));
  return row.line > 0 ? `${file}:${row.line}` : file;
}

/** Name of a function, cleaned; `(anonymous)` for none. */
export function nameOf({ name }: { name: string }): string {
  return name === '' ? '(anonymous)' : cleanText(name);
}

/** What the rooms of a split are called. */
export const ROOM_LABELS: Record<TimeRoom, string> = {
  user: 'your code',
  dependency: 'dependencies',
  core: 'node core',
  native: 'native',
  kernel: 'kernel',
  gc: 'GC',
  program: 'V8 itself',
  idle: 'idle',
};

/** How large the sample is: `9 981 samples, 1 ms`, `216 MB`. */
export function samplingText({ unit, samples, interval, total, busy }: CpuSummary): string {
  if (unit === 'bytes') return formatWeight(unit, busy);
  if (samples === 0) return total > 0 ? formatWeight(unit, total) : 'no samples';
  const count = `${formatNumber(samples)} samples`;
  return unit === 'samples' ? count : `${count}, ${formatWeight(unit, interval)}`;
}

/** Above this a share is too uncertain to go without saying. */
const UNCERTAIN = 0.03;

/** `142 busy samples: shares may be off by 8 points`; undefined when there are enough. */
export function uncertaintyText({ uncertainty, busySamples }: CpuSummary): string | undefined {
  if (uncertainty <= UNCERTAIN) return undefined;
  return `${formatNumber(busySamples)} busy samples: shares may be off by ${formatNumber(uncertainty * 100)} points`;
}

/** `61 %`, `0.6 %`. */
export function percent(share: number): string {
  return `${formatNumber(share * 100)} %`;
}
