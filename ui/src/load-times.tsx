import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { LoadResult } from '../../src/load/load-result.ts';
import {
  buildLoadCharts,
  type LoadChart,
  type LoadCharts,
  placeOn,
  secondAt,
  stepPath,
} from './load-chart.ts';
import { durationText, numberText, THIN } from './number-text.ts';
import { timeTicks } from './vital-rows.ts';

/** Throughput and latency by second on one time axis, with one cursor through both. */
export function LoadTimes({ load }: { load: LoadResult }): JSX.Element | null {
  const charts = useMemo(() => buildLoadCharts(load), [load]);
  const [second, point] = useState(-1);
  const area = useRef<HTMLDivElement>(null);
  const { at, endMs } = charts;
  if (at.length === 0) return null;
  const percent = (ms: number) => `${(100 * Math.min(ms, endMs)) / endMs}%`;
  const middle = second < 0 ? 0 : at[second]! + 500;
  return (
    <div class="load-times">
      <div class="load-at">
        {second < 0 ? 'Whole test' : <>Second from {secondText(at[second]!)}</>}
        <span class="hint push">by second</span>
      </div>
      {charts.charts.map((chart) => (
        <Row key={chart.id} chart={chart} charts={charts} second={second} />
      ))}
      <div class="load-row load-axis" aria-hidden="true">
        <div />
        <div class="axis">
          {timeTicks(endMs).map((ms) => (
            <span
              key={ms}
              class={ms === 0 ? 'first' : ms > endMs * 0.96 ? 'last' : ''}
              style={{ left: percent(ms) }}
            >
              {secondText(ms)}
            </span>
          ))}
        </div>
        <div />
      </div>
      <div
        class="load-overlay"
        ref={area}
        role="slider"
        tabIndex={0}
        aria-label="Second of the load test; arrow keys move"
        aria-valuemin={0}
        aria-valuemax={at.length - 1}
        aria-valuenow={Math.max(0, second)}
        aria-valuetext={second < 0 ? 'whole test' : describeSecond(charts, second)}
        onPointerMove={(event) => {
          const box = area.current!.getBoundingClientRect();
          point(secondAt(charts, ((event.clientX - box.left) / Math.max(1, box.width)) * endMs));
        }}
        onPointerLeave={() => point(-1)}
        onBlur={() => point(-1)}
        onKeyDown={(event) => {
          const direction = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
          if (direction === 0) return;
          event.preventDefault();
          event.stopPropagation();
          const step = direction * (event.shiftKey ? 10 : 1);
          point(
            Math.min(at.length - 1, Math.max(0, second < 0 ? (step > 0 ? 0 : at.length - 1) : second + step)),
          );
        }}
      >
        {second >= 0 && <i class="cursor" style={{ left: percent(middle) }} />}
      </div>
    </div>
  );
}

function secondText(ms: number): string {
  return `${numberText(ms / 1000)}${THIN}s`;
}

function Row({
  chart,
  charts,
  second,
}: {
  chart: LoadChart;
  charts: LoadCharts;
  second: number;
}): JSX.Element {
  const { axis } = chart;
  const empty = chart.series.every(({ values }) => values.every((value) => value === null));
  const ticks = empty ? [] : axis.ticks;
  const height = (value: number) => `${100 - 100 * placeOn(axis, value)}%`;
  return (
    <div class="load-row">
      <div class="legend">
        <h3>
          {chart.title}{' '}
          <span class="unit">{chart.id === 'latency' && axis.log ? 'ms, log' : chart.unit}</span>
        </h3>
        {chart.series.map((series) => {
          const value = second < 0 ? series.whole : (series.values[second] ?? null);
          return (
            <div key={series.label} class="entry">
              <i class={`swatch swatch-${series.line}`} style={{ color: `var(--${series.colour})` }} />
              <span class="entry-label">{series.label}</span>
              <span class="entry-value">{figure(chart, value)}</span>
            </div>
          );
        })}
        {chart.limit !== undefined && (
          <div class="entry">
            <i class="swatch swatch-dash" style={{ color: 'var(--text)' }} />
            <span class="entry-label">asked for</span>
            <span class="entry-value">{numberText(chart.limit)}</span>
          </div>
        )}
      </div>
      <div class="load-plot" role="img" aria-label={describeChart(chart, charts)}>
        {ticks.map((tick) => (
          <i key={tick} class="rule" style={{ top: height(tick) }} />
        ))}
        <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
          {chart.series.map((series) => (
            <path
              key={series.label}
              class={`series-${series.line}`}
              style={{ color: `var(--${series.colour})` }}
              d={stepPath(charts, axis, series.values, series.line === 'area')}
            />
          ))}
        </svg>
        {empty && <span class="why">no response in any second</span>}
        {chart.limit !== undefined && <i class="rule asked" style={{ top: height(chart.limit) }} />}
      </div>
      <div class="y-axis" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ top: height(tick) }}>
            {numberText(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}

function figure(chart: LoadChart, value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  return chart.id === 'latency' ? durationText(value) : numberText(value);
}

function describeChart(chart: LoadChart, charts: LoadCharts): string {
  const parts = chart.series.map((series) => {
    const known = series.values.filter((value) => value !== null);
    const [low, high] = [Math.min(...known.slice(0, 10_000)), Math.max(...known.slice(0, 10_000))];
    const range = known.length === 0 ? 'not known' : `${figure(chart, low)} to ${figure(chart, high)}`;
    return `${series.label} ${range}, over all ${figure(chart, series.whole)}`;
  });
  return `${chart.title} by second over ${secondText(charts.endMs)}: ${parts.join('; ')}`;
}

function describeSecond(charts: LoadCharts, second: number): string {
  const values = charts.charts.flatMap((chart) =>
    chart.series.map((series) => `${series.label} ${figure(chart, series.values[second] ?? null)}`),
  );
  return `second from ${secondText(charts.at[second]!)}: ${values.join(', ')}`;
}
