import { formatBytes, formatNumber, formatShare } from '../base/quantity.ts';
import type { HeapBreach } from '../heap/difference-limit.ts';
import { type ClassChange, type HeapDifference, leakBytes } from '../heap/heap-difference.ts';
import { shortPath } from './short-path.ts';

/** `+14 000`, `−3`, `0`. */
export function signedNumber(value: number): string {
  return value === 0 ? '0' : `${value < 0 ? '−' : '+'}${formatNumber(Math.abs(value))}`;
}

/** `+3.1 MB`, `−12 kB`, `0 B`. */
export function signedBytes(value: number): string {
  return value === 0 ? '0 B' : `${value < 0 ? '−' : '+'}${formatBytes(Math.abs(value))}`;
}

/** `61 → 74 MB`, with both units where they differ. */
export function bytesChange(before: number, after: number): string {
  const [a, b] = [formatBytes(before), formatBytes(after)];
  const unit = / \S+$/.exec(a)?.[0] ?? '';
  return unit !== '' && b.endsWith(unit) ? `${a.slice(0, -unit.length)} → ${b}` : `${a} → ${b}`;
}

/** Heap at the end: of the last snapshot. */
export function lastTotal({ totalLast, totalAfter }: HeapDifference): number {
  return totalLast ?? totalAfter;
}

/** Change of the number of instances over all snapshots. */
export function countChange({ countBefore, countAfter, countLast }: ClassChange): number {
  return (countLast ?? countAfter) - countBefore;
}

/** Where a class stands, short. */
export function placeText(place: string, cwd: string): string {
  // Where Node has Buffer and the like says nothing.
  if (place === '' || place.startsWith('node:')) return '';
  const at = /^(.*?)(:\d+(?::\d+)?)?$/s.exec(place);
  return shortPath(at?.[1] ?? place, cwd) + (at?.[2] ?? '');
}

/** `app.sessions (Map) app/session.js:9`, '' when nobody is known. */
export function holderText({ holders }: ClassChange, cwd: string): string {
  const [holder] = holders;
  if (holder === undefined) return '';
  const { text, kind, place } = holder;
  const where =
    place === undefined || place.file === '' || place.file.startsWith('node:')
      ? ''
      : ` ${shortPath(place.file, cwd)}${place.line > 0 ? `:${place.line}` : ''}`;
  return `${text}${kind === '' || text.includes(kind) ? '' : ` (${kind})`}${where}`;
}

/** The answer: `Session +14 000, held by app.sessions (Map), +3.1 MB; heap 61 → 74 MB`. */
export function heapDiffHeadline(difference: HeapDifference, cwd = ''): string {
  const heap = `heap ${bytesChange(difference.totalBefore, lastTotal(difference))}`;
  const growth = lastTotal(difference) - difference.totalBefore;
  const [first] = difference.classes;
  // Less is noise: of objects known to be new a thousandth of the heap; between processes, which never are alike, more.
  const least = Math.max(10_000, difference.totalBefore * (difference.mode === 'ids' ? 0.001 : 0.01));
  const worth = first !== undefined && leakBytes(first) >= least;
  if (!worth || first === undefined)
    return `nothing stands out; ${heap}${growth === 0 ? '' : ` (${signedBytes(growth)})`}`;
  const holder = holderText(first, cwd);
  return [
    `${first.name} ${signedNumber(difference.mode === 'ids' ? first.added - first.removed : countChange(first))}`,
    ...(holder === '' ? [] : [`held by ${holder}`]),
    `${signedBytes(Math.round(leakBytes(first)))}; ${heap}`,
  ].join(', ');
}

/** How the numbers were made, as a sentence. */
export function modeText({ mode, modeReason, lastName }: HeapDifference): string {
  if (mode === 'classes')
    return modeReason === 'as asked for'
      ? 'compared by class, as asked for'
      : `compared by class: object ids do not match (${modeReason}). The files are of different processes or visits: V8 numbers objects anew after each; holter heap snapshot <pid> -d 60s takes both in one`;
  return lastName === undefined
    ? `compared by object id: ${modeReason}`
    : `compared by object id (${modeReason}); new is what came after the first and is still in the last`;
}

/** `over +5 %: the heap grew by 21.4 %`. */
export function breachText({ limit, value }: HeapBreach): string {
  const amount =
    limit.of === 'share'
      ? formatShare(value)
      : limit.of === 'bytes'
        ? formatBytes(value)
        : formatNumber(value);
  if (limit.className === undefined) return `over the limit ${limit.text}: the heap grew by ${amount}`;
  return limit.of === 'count'
    ? `over the limit ${limit.text}: ${limit.className} has ${amount} more`
    : `over the limit ${limit.text}: new ${limit.className} keep ${amount}`;
}

const MACHINERY =
  /^\((compiled code|system|object shape|synthetic|hidden|code)\)$|^(Detached )?(Node|system) \/ (?!JSArrayBufferData)/;

/** What V8 and Node make for themselves; it changes all the time, and is shown together in one line. */
export function isMachinery({ name, added }: ClassChange): boolean {
  return MACHINERY.test(name) || (name === 'Function' && added === 0);
}
