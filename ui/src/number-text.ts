import type { PageProfile } from '../../src/render/page-data.ts';

/** Text of numbers as the page writes them: thin space before units and in thousands. */
export const THIN = '\u2009';

/** `1234.5` → `1 235`; three significant digits below 1000, trailing zeros dropped unless `digits` is given. */
export function numberText(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const places = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : 2);
  let text = value.toFixed(places);
  if (digits === undefined && text.includes('.')) text = text.replace(/\.?0+$/, '');
  const [whole, rest] = text.split('.');
  const grouped = whole!.length > 4 ? whole!.replace(/\B(?=(\d{3})+$)/g, THIN) : whole!;
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** `737 ms`, `61 %`, `14 /min`. */
export function withUnit(value: number, unit: string): string {
  return unit === '' ? numberText(value) : `${numberText(value)}${THIN}${unit}`;
}

/** Share 0–1 as `76.5 %`. */
export function shareText(share: number): string {
  return `${percentText(share)}${THIN}%`;
}

/** Share 0–1 as `76.5`; a dash for what rounds to nothing but is not. */
export function percentText(share: number): string {
  return numberText(share * 100, 1);
}

/** Milliseconds as `40 µs`, `0.4 ms`, `181 ms`, `7.65 s`. */
export function durationText(ms: number): string {
  if (ms > 0 && ms < 0.1) return `${numberText(ms * 1000)}${THIN}µs`;
  if (ms >= 1000) return `${numberText(ms / 1000, ms >= 100_000 ? 0 : 2)}${THIN}s`;
  return `${ms >= 10 || ms === 0 ? Math.round(ms) : numberText(ms, 1)}${THIN}ms`;
}

/** Bytes as `3.1 MB`; MB is 10⁶. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)}${THIN}B`;
  if (bytes < 1e6) return `${numberText(bytes / 1e3)}${THIN}kB`;
  if (bytes < 1e9) return `${numberText(bytes / 1e6)}${THIN}MB`;
  return `${numberText(bytes / 1e9)}${THIN}GB`;
}

/** A weight of a profile in its own unit; a share is in parts of one million. */
export function weightText(weight: number, unit: PageProfile['unit']): string {
  if (unit === 'bytes') return bytesText(weight);
  if (unit === 'microseconds') return durationText(weight / 1000);
  if (unit === 'share') return shareText(weight / 1e6);
  return `${numberText(weight, weight % 1 === 0 ? 0 : 1)}${THIN}${weight === 1 ? 'sample' : 'samples'}`;
}

/** `+2.1 %`, `−0.4 %`, `0 %`: a change of a share, 0–1, in points. */
export function changeText(share: number): string {
  const text = numberText(Math.abs(share) * 100, 1);
  return `${Number(text) === 0 ? '' : share > 0 ? '+' : '−'}${text}${THIN}%`;
}

/** `6 d 4 h`, `12 m 5 s`. */
export function ageText(ms: number): string {
  const parts: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
  ];
  const first = parts.findIndex(([size]) => ms >= size);
  if (first < 0) return `0${THIN}s`;
  const [big, bigName] = parts[first]!;
  const next = parts[first + 1];
  const head = `${Math.floor(ms / big)}${THIN}${bigName}`;
  return next ? `${head} ${Math.floor((ms % big) / next[0])}${THIN}${next[1]}` : head;
}
