import { formatBytes, formatNumber, formatPercent } from '../base/quantity.ts';
import { cleanText } from '../base/terminal-text.ts';
import type { Holder } from '../heap/holder.ts';
import type { Place } from '../heap/place.ts';
import type { Suspect } from '../heap/suspect.ts';
import { shortPath } from './short-path.ts';

/** `app/session.js:9`, '' unknown. */
export function suspectPlace(place: Place | undefined, cwd: string): string {
  if (place === undefined || place.file === '') return '';
  const path = cleanText(shortPath(place.file, cwd));
  return place.line > 0 ? `${path}:${place.line}` : path;
}

/** `Session × 71 204`; one object: its class alone. */
export function suspectName({ what, count }: Suspect): string {
  return count === 1 ? cleanText(what) : `${cleanText(what)} × ${formatNumber(count)}`;
}

/** `app.sessions (Map)`; the module is left out where the line beside says the file. */
export function holderName({ text, kind, place }: Holder): string {
  const name = cleanText(text);
  const module = /^module (\S+) > /.exec(name);
  const short = module !== null && place !== undefined ? name.slice(module[0].length) : name;
  return /^(?:listeners|Timeouts?|Immediates?|property|entries|elements|closure variable|EventTarget) /.test(
    short,
  )
    ? short
    : `${short} (${cleanText(kind)})`;
}

/** `global > registry > all > Array > User`: the names on the way, and what is at its end. */
export function pathNames({ path }: Holder, what: string): string {
  const words: string[] = [];
  path.forEach((step, index) => {
    if (index === 0) words.push(step.edgeText);
    else {
      const name = step.edgeText.replace(/^(?:context variable|<internal>|<shortcut>|<hidden>) /, '');
      if (!/^(?:context|previous|elements|\d+)$/.test(name)) words.push(name);
    }
    if (index === path.length - 1 && index > 0 && !/^(?:Object|system \/ )/.test(step.className))
      words.push(step.className);
  });
  return cleanText([...words, what].join(' > '));
}

/** `+1 390 a minute`, `+6 000, 3.6 MB`; '' without an older snapshot. */
export function growthText({ growth }: Suspect): string {
  if (growth === undefined) return '';
  const sign = (value: number): string => (value < 0 ? '−' : '+');
  const count = (value: number): string => `${sign(value)}${formatNumber(Math.abs(value))}`;
  const bytes = growth.bytes === 0 ? '' : `, ${sign(growth.bytes)}${formatBytes(Math.abs(growth.bytes))}`;
  return growth.perMinute === undefined
    ? `${count(growth.count)}${bytes}`
    : `${count(growth.perMinute)} a minute (${count(growth.count)}${bytes})`;
}

/** `68 % of the heap` → `68 %`. */
export function shareOf({ share }: Suspect): string {
  return formatPercent(share * 100);
}
