import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { createChart } from './chart-paint.ts';
import { numberText, THIN } from './number-text.ts';
import { doctorPage, windowMs as lengthOfWindow } from './page-data.ts';
import { brush, cursorMs } from './state.ts';
import { type Summary, summarise } from './statistics.ts';
import { paintEpoch } from './theme.ts';
import { TimeAxis, TimeOverlay } from './time-overlay.tsx';
import { BrushPill } from './time-range.tsx';
import { buildVitalRows, DELAY_LIMIT_MS, type VitalRow, valueAt, valuesWithin } from './vital-rows.ts';
import { VitalTable } from './vital-table.tsx';

const windowMs = lengthOfWindow();

/** When the target died, null when it did not. */
function diedAt(): number | null {
  const { end } = doctorPage().report.window;
  return end.kind === 'target-exited' ? end.atMs : null;
}

export function VitalSignsPanel(): JSX.Element {
  const rows = useMemo(() => buildVitalRows(doctorPage(), windowMs), []);
  const asTable = useSignal(false);
  return (
    <section class="panel vitals" aria-labelledby="vitals-title">
      <header class="panel-head">
        <h2 id="vitals-title">Vital signs</h2>
        <span class="hint">drag to select a time range, the flame graph follows</span>
        <BrushPill />
        <button
          type="button"
          class="plain push"
          aria-pressed={asTable.value}
          onClick={() => (asTable.value = !asTable.value)}
        >
          {asTable.value ? 'Charts' : 'Table'}
        </button>
      </header>
      {asTable.value ? <VitalTable rows={rows} /> : <Charts rows={rows} />}
    </section>
  );
}

function Charts({ rows }: { rows: VitalRow[] }): JSX.Element {
  const at = cursorMs.value;
  return (
    <div class="vital-rows">
      <div class="vital-row vital-head">
        <div>
          {at === null ? 'At the end' : 'At '}
          {at === null ? '' : <b>{`${(at / 1000).toFixed(2)}${THIN}s`}</b>}
        </div>
        <div />
        <div />
        <div class="stats">
          <span>median</span>
          <span>p95</span>
          <span>max</span>
        </div>
      </div>
      {rows.map((row) => (
        <Row key={row.id} row={row} />
      ))}
      <TimeAxis />
      <TimeOverlay />
    </div>
  );
}

function Row({ row }: { row: VitalRow }): JSX.Element {
  const data = doctorPage();
  const diedAtMs = diedAt();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element || (row.missing !== undefined && row.unknown.length === 0)) return;
    const chart = createChart(element, row, { windowMs, blocked: data.blocked, gc: data.gc, diedAtMs });
    charts.set(row.id, chart);
    const watcher = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      if (width > 0 && height > 0) chart.setSize({ width, height });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      charts.delete(row.id);
      chart.destroy();
    };
  }, [row]);
  useSignalEffect(() => {
    paintEpoch.value;
    charts.get(row.id)?.redraw(false);
  });
  const lines = row.series.length + (row.id === 'delay' ? 2 : 0) + (row.id === 'memory' ? 1 : 0);
  const ticks =
    row.limit === undefined || row.ticks.includes(row.limit) ? row.ticks : [row.limit, ...row.ticks];
  return (
    <div
      class="vital-row"
      data-row={row.id}
      style={{ flexGrow: row.grow, minHeight: `${Math.max(56, 26 + 16 * lines)}px` }}
    >
      <Legend row={row} />
      <div class="plot" ref={host} role="img" aria-label={describe(row)}>
        {row.missing !== undefined && <span class="why why-missing">{row.missing}</span>}
        {row.missing === undefined &&
          row.id !== 'memory' &&
          row.unknown.map((part) => <UnknownLabel key={part.fromMs} {...part} />)}
        {diedAtMs !== null && row.id === 'cpu' && (
          <span class="why" style={{ left: `${(100 * (diedAtMs + windowMs)) / 2 / windowMs}%` }}>
            exited
          </span>
        )}
      </div>
      <div class="y-axis" aria-hidden="true">
        {row.missing === undefined &&
          ticks.map((value) => (
            <span
              key={value}
              class={`${value === row.limit ? 'limit' : ''} ${value < row.max * 0.05 ? 'low' : ''}`}
              style={{ top: `${100 - (100 * value) / row.max}%` }}
            >
              {figureText(value)}
            </span>
          ))}
      </div>
      <Statistics row={row} />
    </div>
  );
}
/** Live charts by row, for repainting when colours change. */
const charts = new Map<string, uPlot>();

function UnknownLabel({ fromMs, toMs, why }: { fromMs: number; toMs: number; why: string }): JSX.Element {
  return (
    <span
      class="why"
      style={{
        left: `${(50 * (fromMs + toMs)) / windowMs}%`,
        maxWidth: `${(100 * (toMs - fromMs)) / windowMs}%`,
      }}
    >
      {why}
    </span>
  );
}

function Legend({ row }: { row: VitalRow }): JSX.Element {
  const data = doctorPage();
  const at = cursorMs.value ?? data.report.window.seconds * 1000;
  const show = (value: number | null) => (value === null ? '–' : figureText(value));
  const covering = data.blocked.find((stretch) => at >= stretch.at && at <= stretch.at + stretch.ms);
  return (
    <div class="legend">
      <h3>
        {row.title} <span class="unit">{row.unit}</span>
      </h3>
      {row.id === 'delay' && (
        <>
          <Entry
            swatch="hatch"
            colour="critical"
            label="blocked"
            value={covering ? show(covering.ms) : '–'}
          />
          <Entry swatch="dash" colour="text" label="limit" value={String(DELAY_LIMIT_MS)} />
        </>
      )}
      {row.series.map((series) => (
        <Entry
          key={series.label}
          swatch={series.line}
          colour={series.colour}
          label={series.label}
          value={show(valueAt(series, at))}
        />
      ))}
      {row.id === 'memory' && data.gc.length > 0 && <GcEntry />}
    </div>
  );
}

function GcEntry(): JSX.Element {
  const span = brush.value;
  const inside = doctorPage().gc.filter(({ at }) => !span || (at >= span[0] && at <= span[1]));
  const major = inside.filter(({ kind }) => kind === 'major').length;
  return (
    <div class="entry">
      <i class="swatch swatch-gc" style={{ color: 'var(--critical)' }} />
      <span>{`GC ${inside.length - major} minor, ${major} major`}</span>
    </div>
  );
}

function Entry(props: { swatch: string; colour: string; label: string; value: string }): JSX.Element {
  return (
    <div class="entry">
      <i class={`swatch swatch-${props.swatch}`} style={{ color: `var(--${props.colour})` }} />
      <span class="entry-label">{props.label}</span>
      <span class="entry-value">{props.value}</span>
    </div>
  );
}

function Statistics({ row }: { row: VitalRow }): JSX.Element {
  const span = brush.value;
  const stretches = doctorPage().blocked.filter(
    ({ at, ms }) => !span || (at + ms >= span[0] && at <= span[1]),
  );
  return (
    <div class="stat-rows">
      <h3>&nbsp;</h3>
      {row.id === 'delay' && (
        <>
          <Figures summary={summarise(stretches.map(({ ms }) => ms))} limit={DELAY_LIMIT_MS} />
          <div class="stats">&nbsp;</div>
        </>
      )}
      {row.series.map((series) => (
        <Figures key={series.label} summary={summarise(valuesWithin(series, span))} limit={series.limit} />
      ))}
    </div>
  );
}

function Figures({ summary, limit }: { summary: Summary | null; limit: number | undefined }): JSX.Element {
  const values = summary ? [summary.median, summary.p95, summary.max] : [null, null, null];
  return (
    <div class="stats">
      {values.map((value, i) => (
        <span key={`${i + 0}`} class={value !== null && limit !== undefined && value > limit ? 'beyond' : ''}>
          {value === null ? '–' : figureText(value)}
        </span>
      ))}
    </div>
  );
}

/** Whole numbers from 10 on, one decimal below; thousands as `26.0k`, because the columns are narrow. */
function figureText(value: number): string {
  if (value >= 10_000) return `${numberText(value / 1000, 1).replace(/\.0$/, '')}k`;
  return numberText(value, value >= 10 || value % 1 === 0 ? 0 : 1);
}

/** The chart in a sentence, for those who do not see it. */
function describe(row: VitalRow): string {
  if (row.missing !== undefined) return `${row.title}: ${row.missing}`;
  const parts = row.series.map((series) => {
    const summary = summarise(valuesWithin(series, null));
    return summary
      ? `${series.label} median ${numberText(summary.median)}, highest ${numberText(summary.max)}`
      : '';
  });
  const data = doctorPage();
  if (row.id === 'delay' && data.blocked.length > 0) {
    const longest = data.blocked.reduce((max, { ms }) => Math.max(max, ms), 0);
    parts.unshift(`${data.blocked.length} blocked stretches, the longest ${numberText(longest)} ms`);
  }
  return `${row.title}${row.unit ? ` in ${row.unit}` : ''} over ${windowMs / 1000} seconds: ${parts.filter(Boolean).join('; ')}`;
}
