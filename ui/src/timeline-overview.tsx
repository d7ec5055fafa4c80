import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fitCanvas, readPalette } from './box-paint.ts';
import { numberText, THIN } from './number-text.ts';
import { IDLE, type ProfileTables, ROOMS } from './profile-tables.ts';
import { changeView, cursorMs, profile, shape } from './state.ts';
import { paintEpoch, pixelRatio } from './theme.ts';
import { timeTicks } from './vital-rows.ts';

const HEIGHT = 36;
/** Columns of the overview; more than it has pixels on most screens. */
const COLUMNS = 1200;

/**
 * All of the profile in one strip, busy time by room; a drag over it sets the time range. Below it the times of what
 * the chart shows (`live`, ms).
 */
export function TimelineOverview({ live }: { live: Signal<readonly [number, number]> }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const area = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const drag = useSignal<readonly [number, number] | null>(null);
  const tables = profile.value!;
  const whole = Math.max(0.01, tables.to - tables.from);

  useEffect(() => {
    const element = area.current!;
    const watcher = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useSignalEffect(() => {
    paintEpoch.value;
    const [now, form] = [profile.value, shape.value];
    const element = canvas.current;
    if (!now || !form || !element || width.value === 0) return;
    const ratio = pixelRatio();
    fitCanvas(element, width.value, HEIGHT, ratio);
    paintShares(element, sharesOverTime(now, form), width.value, ratio);
  });
  const percent = (ms: number) =>
    `${(100 * (Math.min(Math.max(ms, tables.from), tables.to) - tables.from)) / whole}%`;
  const msAt = (event: PointerEvent) => {
    const box = area.current!.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
    return tables.from + part * whole;
  };
  const shown = drag.value ?? live.value;
  const [from, to] = live.value;
  return (
    <>
      <div
        class="timeline-overview"
        ref={area}
        role="img"
        aria-label="Busy time over the whole profile; drag to choose a time range"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          area.current!.setPointerCapture(event.pointerId);
          drag.value = [msAt(event), msAt(event)];
        }}
        onPointerMove={(event) => {
          if (drag.value) drag.value = [drag.value[0], msAt(event)];
        }}
        onPointerUp={() => {
          const span = drag.value;
          drag.value = null;
          if (!span) return;
          const [a, b] = [Math.min(...span), Math.max(...span)];
          const pixels = ((b - a) / whole) * area.current!.clientWidth;
          changeView({ brush: pixels < 4 ? null : [Math.round(a * 100) / 100, Math.round(b * 100) / 100] });
        }}
        onPointerCancel={() => {
          drag.value = null;
        }}
      >
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus */}
        <canvas ref={canvas} aria-hidden="true" />
        <i class="overview-out" style={{ left: 0, width: percent(Math.min(...shown)) }} />
        <i class="overview-out" style={{ left: percent(Math.max(...shown)), right: 0 }} />
        {cursorMs.value !== null && <i class="cursor" style={{ left: percent(cursorMs.value) }} />}
      </div>
      <div class="timeline-axis" aria-hidden="true">
        {ticksBetween(from, to).map((ms) => (
          <span key={ms} style={{ left: `${(100 * (ms - from)) / Math.max(1e-9, to - from)}%` }}>
            {tickText(ms, to - from)}
          </span>
        ))}
      </div>
    </>
  );
}

/** Weight by column and room, relative to the fullest column. Idle is what is missing. */
function sharesOverTime(
  tables: ProfileTables,
  form: { ofNode: Int32Array; counted: Uint8Array; frame: Int32Array },
): Float64Array {
  const out = new Float64Array(COLUMNS * ROOMS.length);
  const { time, node, weight } = tables.samples;
  const perMs = COLUMNS / Math.max(0.01, tables.to - tables.from);
  for (let i = 0; i < time.length; i++) {
    const at = form.ofNode[node[i]!]!;
    if (at <= 0 || form.counted[node[i]!] === 0) continue;
    const room = tables.room[form.frame[at]!]!;
    if (room === IDLE) continue;
    // A long stretch fills every column it lasts, each by as much as it covers of it.
    const start = Math.min(COLUMNS - 1e-6, Math.max(0, (time[i]! - tables.from) * perMs));
    const lasts = tables.unit === 'microseconds' ? (weight[i]! / 1000) * perMs : 0;
    const end = Math.min(COLUMNS, start + Math.max(1e-6, lasts));
    for (let c = Math.floor(start); c < end; c++) {
      const covered = Math.min(c + 1, end) - Math.max(c, start);
      out[c * ROOMS.length + room]! += (weight[i]! * covered) / (end - start);
    }
  }
  return out;
}

function paintShares(canvas: HTMLCanvasElement, shares: Float64Array, width: number, ratio: number): void {
  const ctx = canvas.getContext('2d')!;
  const palette = readPalette();
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, HEIGHT);
  let top = 1e-9;
  for (let c = 0; c < COLUMNS; c++) {
    let sum = 0;
    for (let r = 0; r < ROOMS.length; r++) sum += shares[c * ROOMS.length + r]!;
    top = Math.max(top, sum);
  }
  const step = width / COLUMNS;
  const base = new Float64Array(COLUMNS);
  for (let r = 0; r < ROOMS.length; r++) {
    ctx.fillStyle = palette.forced ? palette.text : palette.rooms[r]!;
    for (let c = 0; c < COLUMNS; c++) {
      const high = (shares[c * ROOMS.length + r]! / top) * HEIGHT;
      if (high <= 0) continue;
      ctx.fillRect(c * step, HEIGHT - base[c]! - high, step + 0.3, high);
      base[c]! += high;
    }
  }
}

/** Round times inside a range, about eight. */
function ticksBetween(from: number, to: number): number[] {
  const length = to - from;
  const usual = timeTicks(length);
  const step = length < 650 ? niceStep(length / 8) : (usual[1] ?? length);
  const out: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to && out.length < 20; at += step) out.push(at);
  return out;
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least) ?? least;
}

function tickText(ms: number, length: number): string {
  if (length >= 6000) return `${numberText(ms / 1000, 0)}${THIN}s`;
  const digits = length >= 600 ? 1 : length >= 60 ? 2 : length >= 6 ? 3 : length >= 0.6 ? 4 : 5;
  return `${(ms / 1000).toFixed(digits)}${THIN}s`;
}
