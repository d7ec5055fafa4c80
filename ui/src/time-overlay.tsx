import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { numberText, THIN } from './number-text.ts';
import { doctorPage, windowMs as lengthOfWindow } from './page-data.ts';
import { brush, changeView, cursorMs, profile } from './state.ts';
import { nearestIndex, timeTicks } from './vital-rows.ts';

const windowMs = lengthOfWindow();
const percent = (ms: number): string => `${(100 * Math.min(Math.max(ms, 0), windowMs)) / windowMs}%`;

/** Ticks, the cursor's time and the span of the profile, below the last row. */
export function TimeAxis(): JSX.Element {
  const tables = profile.value;
  const at = cursorMs.value;
  const timed = tables !== null && tables.to > tables.from;
  return (
    <div class="vital-row vital-axis">
      <div class="axis-label">{timed ? (tables.unit === 'bytes' ? 'Sampled' : 'CPU profile') : ''}</div>
      <div class="axis">
        {timeTicks(windowMs).map((ms) => (
          <span
            key={ms}
            class="tick"
            style={{ left: percent(ms) }}
          >{`${numberText(ms / 1000)}${THIN}s`}</span>
        ))}
        {at !== null && (
          <span class="time-pill" style={{ left: percent(at) }}>{`${(at / 1000).toFixed(2)}${THIN}s`}</span>
        )}
        {timed && (
          <i
            class="span-bar"
            style={{ left: percent(tables.from), right: `calc(100% - ${percent(tables.to)})` }}
          />
        )}
      </div>
    </div>
  );
}

/** Times the arrow keys step through: the longest series, else tenths of a second. */
function sampleTimes(): ArrayLike<number> {
  let best: number[] = [];
  for (const series of doctorPage().series) if (series.t.length > best.length) best = series.t;
  return best.length > 1 ? best : Array.from({ length: Math.floor(windowMs / 100) + 1 }, (_, i) => i * 100);
}

/**
 * Lies over the plots of all rows: one cursor through all of them, one brush for all of them. A drag of under 4 px is
 * a click and clears the brush.
 */
export function TimeOverlay(): JSX.Element {
  const area = useRef<HTMLDivElement>(null);
  const dragFrom = useSignal<number | null>(null);
  const msAt = (event: PointerEvent) => {
    const box = area.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width))) * windowMs;
  };
  const drawn: readonly [number, number] | null =
    dragFrom.value !== null && cursorMs.value !== null
      ? [Math.min(dragFrom.value, cursorMs.value), Math.max(dragFrom.value, cursorMs.value)]
      : brush.value;
  const onPointerUp = (event: PointerEvent) => {
    const start = dragFrom.value;
    dragFrom.value = null;
    if (start === null) return;
    const stop = msAt(event);
    const pixels = (Math.abs(stop - start) / windowMs) * area.current!.clientWidth;
    changeView({
      brush: pixels < 4 ? null : [Math.round(Math.min(start, stop)), Math.round(Math.max(start, stop))],
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const times = sampleTimes();
    const step = direction * (event.shiftKey ? 10 : 1);
    const now = nearestIndex(times, cursorMs.value ?? (direction > 0 ? 0 : windowMs));
    cursorMs.value = times[Math.min(times.length - 1, Math.max(0, now + step))]!;
  };
  return (
    <div
      class="time-overlay"
      ref={area}
      role="slider"
      tabIndex={0}
      aria-label="Time in all charts; arrow keys move by one sample, with Shift by ten"
      aria-valuemin={0}
      aria-valuemax={windowMs / 1000}
      aria-valuenow={Math.round((cursorMs.value ?? 0) / 10) / 100}
      aria-valuetext={`${((cursorMs.value ?? 0) / 1000).toFixed(2)} seconds`}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        area.current!.setPointerCapture(event.pointerId);
        dragFrom.value = msAt(event);
      }}
      onPointerMove={(event) => {
        cursorMs.value = msAt(event);
      }}
      onPointerUp={onPointerUp}
      onPointerCancel={() => {
        dragFrom.value = null;
      }}
      onPointerLeave={() => {
        if (dragFrom.value === null) cursorMs.value = null;
      }}
    >
      {drawn && (
        <i class="brush" style={{ left: percent(drawn[0]), right: `calc(100% - ${percent(drawn[1])})` }} />
      )}
      {cursorMs.value !== null && <i class="cursor" style={{ left: percent(cursorMs.value) }} />}
    </div>
  );
}
