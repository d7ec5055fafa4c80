import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { DoctorPage } from '../../src/render/page-data.ts';
import { token } from './theme.ts';
import { nearestIndex, type VitalRow } from './vital-rows.ts';

export interface ChartExtras {
  windowMs: number;
  blocked: DoctorPage['blocked'];
  gc: DoctorPage['gc'];
  /** When the target died; the rest of the axis stays blank. */
  diedAtMs: number | null;
}

/** One row of the vital signs: uPlot draws lines and areas, the rest (grid, hatching, ticks, limit) is drawn here. */
export function createChart(host: HTMLElement, row: VitalRow, extras: ChartExtras): uPlot {
  const { width, height } = host.getBoundingClientRect();
  const options: uPlot.Options = {
    width: Math.max(1, width),
    height: Math.max(1, height),
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: false, range: [0, extras.windowMs] }, y: { range: [0, row.max] } },
    series: [{}, ...seriesOptions(row)],
    hooks: {
      drawClear: [(u) => paintBehind(u, row)],
      draw: [(u) => paintInFront(u, row, extras)],
    },
  };
  return new uPlot(options, chartData(row), host);
}

const DASHES = { area: [], solid: [], dash: [5, 3], dots: [2, 3] };

function seriesOptions(row: VitalRow): uPlot.Series[] {
  const options = row.series.map((series): uPlot.Series => {
    const stroke = () => token(series.colour);
    return {
      stroke,
      width: row.stacked ? 1 : series.label === 'delay' ? 1 : 1.5,
      dash: DASHES[series.line],
      points: { show: false },
      ...(row.stacked ? { fill: stroke } : {}),
    };
  });
  // Areas are cumulative: the largest is painted first, or it would cover the others.
  return row.stacked ? options.reverse() : options;
}

function chartData(row: VitalRow): uPlot.AlignedData {
  const [first, ...others] = row.series;
  if (!first) return [[0], [null]] as unknown as uPlot.AlignedData;
  if (!row.stacked) {
    const tables = row.series.map((series) => [series.t, series.v] as uPlot.AlignedData);
    return tables.length === 1 ? tables[0]! : uPlot.join(tables);
  }
  let below = first.v;
  const sums = [below];
  for (const series of others) {
    const same = series.t.length === first.t.length;
    below = first.t.map((ms, i) => {
      const value = same ? series.v[i] : series.v[nearestIndex(series.t, ms)];
      return below[i] === null ? null : (below[i] ?? 0) + (value ?? 0);
    });
    sums.push(below);
  }
  return [first.t, ...sums.reverse()] as uPlot.AlignedData;
}

/** Diagonal hatching of a colour, 5 px apart, at the chart's resolution. */
export function hatch(
  ctx: CanvasRenderingContext2D,
  colour: string,
  ratio: number,
  gap = 5,
  weight = 1.4,
): CanvasPattern | string {
  const size = Math.max(2, Math.round(gap * ratio));
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d')!;
  pen.strokeStyle = colour;
  pen.lineWidth = weight * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  return ctx.createPattern(tile, 'repeat') ?? colour;
}

function paintBehind(u: uPlot, row: VitalRow): void {
  const { ctx, bbox } = u;
  const ratio = bbox.width / Math.max(1, u.width);
  ctx.save();
  for (const part of row.unknown) {
    const x0 = u.valToPos(part.fromMs, 'x', true);
    const x1 = u.valToPos(part.toMs, 'x', true);
    ctx.fillStyle = hatch(ctx, token('line'), ratio, 6, 1);
    ctx.fillRect(x0, bbox.top, x1 - x0, bbox.height);
  }
  ctx.fillStyle = token('line');
  for (const value of row.ticks) {
    ctx.fillRect(
      bbox.left,
      Math.round(u.valToPos(value, 'y', true)),
      bbox.width,
      Math.max(1, Math.round(ratio)),
    );
  }
  ctx.restore();
}

function paintInFront(u: uPlot, row: VitalRow, extras: ChartExtras): void {
  const { ctx, bbox } = u;
  const ratio = bbox.width / Math.max(1, u.width);
  const x = (ms: number) => u.valToPos(ms, 'x', true);
  const y = (value: number) => u.valToPos(value, 'y', true);
  const bottom = bbox.top + bbox.height;
  ctx.save();
  if (row.id === 'delay') {
    const critical = token('critical');
    const pattern = hatch(ctx, critical, ratio, 4, 1.5);
    for (const { at, ms } of extras.blocked) {
      const left = x(at);
      const width = Math.max(1.5 * ratio, x(Math.min(at + ms, extras.windowMs)) - left);
      const top = y(Math.min(ms, row.max));
      ctx.fillStyle = width < 4 * ratio ? critical : pattern;
      if (width < 4 * ratio) ctx.globalAlpha = 0.75;
      ctx.fillRect(left, top, width, bottom - top);
      ctx.globalAlpha = 1;
      // Without a top edge neighbours would melt into one.
      ctx.fillStyle = critical;
      ctx.fillRect(left, top, width, 2 * ratio);
    }
  }
  if (row.limit !== undefined) {
    ctx.strokeStyle = token('text');
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, Math.round(y(row.limit)) + 0.5);
    ctx.lineTo(bbox.left + bbox.width, Math.round(y(row.limit)) + 0.5);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (row.id === 'memory') {
    for (const { at, kind } of extras.gc) {
      const major = kind === 'major';
      ctx.fillStyle = token(major ? 'critical' : 'text3');
      const height = (major ? 14 : 5) * ratio;
      ctx.fillRect(Math.round(x(at)), bottom - height, (major ? 2 : 1) * ratio, height);
    }
  }
  if (extras.diedAtMs !== null) {
    ctx.fillStyle = token('critical');
    ctx.fillRect(Math.round(x(extras.diedAtMs)), bbox.top, 2 * ratio, bbox.height);
  }
  ctx.restore();
}
