import type { Bytes, Milliseconds, Percent, Share } from './units.ts';

/**
 * Numbers as people read them. Digits follow what can be trusted: three significant at most, no digit after the point
 * from 10 on, thousands set apart by a space. The space before a unit is an ordinary one: the page replaces it.
 */

/** `737`, `61`, `0.6`, `5 204 118`; `-` for NaN. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 9.95) return groupThousands(Math.round(value));
  const text = value.toFixed(size >= 0.995 || size === 0 ? 1 : 2);
  return text.replace(/\.?0+$/, '');
}

/** `181 ms`, `2.4 s`, `3 min`, `2.5 h`. */
export function formatDuration(ms: Milliseconds): string {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 1000) return `${formatNumber(ms)} ms`;
  if (ms < 120_000) return `${formatNumber(ms / 1000)} s`;
  if (ms < 7_200_000) return `${formatNumber(ms / 60_000)} min`;
  return `${formatNumber(ms / 3_600_000)} h`;
}

/** The length of a window, always with one decimal: `30.0 s`. */
export function formatWindow(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** `216 MB`, `1.6 GB`: decimal units, as `ps` of holter and the page do. */
export function formatBytes(bytes: Bytes): string {
  if (!Number.isFinite(bytes)) return '-';
  const size = Math.abs(bytes);
  if (size >= 1e9) return `${formatNumber(bytes / 1e9)} GB`;
  if (size >= 1e6) return `${formatNumber(bytes / 1e6)} MB`;
  if (size >= 1e3) return `${formatNumber(bytes / 1e3)} kB`;
  return `${formatNumber(bytes)} B`;
}

/** `61 %`, `0.6 %`. */
export function formatPercent(percent: Percent): string {
  return `${formatNumber(percent)} %`;
}

/** A share of 0–1 as a percentage with one decimal, as code excerpts show it: `76.4 %`. */
export function formatShare(share: Share): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** How often something happens, in the unit that gives a readable number: `3.3 times a second`, `14 times a minute`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 0.95 && perSecond < 1.05) return 'once a second';
  if (perSecond >= 1.05) return `${formatNumber(perSecond)} times a second`;
  const perMinute = perSecond * 60;
  return perMinute <= 1.05 ? 'once a minute' : `${formatNumber(perMinute)} times a minute`;
}

function groupThousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
