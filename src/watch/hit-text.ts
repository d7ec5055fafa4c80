import { formatBytes, formatDuration } from '../base/quantity.ts';
import type { Hit } from './conditions.ts';

/** `RSS rose 70 MB (over 64 MB)`. */
export function sayHit({ value, unit, limit, text }: Hit): string {
  if (unit === 'count') return text;
  const say = (number: number): string =>
    unit === 'bytes'
      ? formatBytes(number)
      : unit === 'ms'
        ? formatDuration(number)
        : `${Math.round(number)} %`;
  return limit === 0 ? `${text}, ${say(value)}` : `${text}: ${say(value)} (limit ${say(limit)})`;
}
