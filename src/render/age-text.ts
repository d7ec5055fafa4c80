import type { Seconds } from '../base/units.ts';

/** How long something has run, two units at most: `6d 4h`, `2h 3m`, `12m`, `40s`. */
export function ageText(seconds: Seconds): string {
  if (!Number.isFinite(seconds)) return '-';
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (large: number, unit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${large}${unit}` : `${large}${unit} ${small}${smallUnit}`;
  if (days > 0) return two(days, 'd', hours % 24, 'h');
  if (hours > 0) return two(hours, 'h', minutes % 60, 'm');
  return minutes > 0 ? `${minutes}m` : `${Math.floor(Math.max(0, seconds))}s`;
}
