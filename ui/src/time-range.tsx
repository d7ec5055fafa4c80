import type { JSX } from 'preact';
import { THIN } from './number-text.ts';
import { brush, changeView } from './state.ts';

/** `20.0–24.5 s`, with as many digits as the length needs. */
export function rangeText(from: number, to: number): string {
  const length = to - from;
  const digits = length >= 1000 ? 1 : length >= 10 ? 3 : 4;
  return `${(from / 1000).toFixed(digits)}–${(to / 1000).toFixed(digits)}${THIN}s`;
}

/** Pill that shows the brush and clears it. */
export function BrushPill(): JSX.Element | null {
  const span = brush.value;
  if (!span) return null;
  const text = rangeText(span[0], span[1]);
  return (
    <button
      type="button"
      class="pill"
      aria-label={`Clear the time range ${text}`}
      onClick={() => changeView({ brush: null })}
    >
      {text} ✕
    </button>
  );
}
