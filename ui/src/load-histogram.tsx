import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LoadResult } from '../../src/load/load-result.ts';
import { buildHistogram, type HistogramBox, labelsLeft, placeOn } from './load-chart.ts';
import { durationText, numberText, shareText, THIN } from './number-text.ts';

const percent = (share: number): string => `${100 * share}%`;

/** Latency histogram, logarithmic axis, with lines at the percentiles. */
export function LoadHistogram({ load }: { load: LoadResult }): JSX.Element {
  const histogram = useMemo(() => buildHistogram(load), [load]);
  // The summary of another load tool has percentiles, but not what they were made of.
  if (histogram === null)
    return (
      <p class="empty">
        {load.requests.ok + load.requests.non2xx > 0
          ? 'The load tool gave no histogram.'
          : 'No response, so no latencies.'}
      </p>
    );
  const { axis, boxes, marks, levels } = histogram;
  return (
    <figure class="histogram">
      <figcaption>
        <b>Latency</b>{' '}
        <span class="unit">
          {load.latency.corrected ? 'corrected' : 'not corrected'} for coordinated omission · logarithmic axis
        </span>
      </figcaption>
      <div class="histogram-plot" role="img" aria-label={describe(boxes)}>
        <div class="bars" style={{ top: `${levels * 15 + 2}px` }}>
          {boxes.map((box) => (
            <i
              key={box.from}
              class={box.count === 0 ? 'none' : ''}
              style={{ left: percent(box.left), width: percent(box.width), height: percent(box.height) }}
              title={boxText(box)}
            />
          ))}
        </div>
        {marks.map((mark) => (
          <span
            key={mark.label}
            class={`percentile-mark ${labelsLeft(mark) ? 'left' : ''}`}
            style={{ left: percent(mark.place), top: `${mark.level * 15}px` }}
          >
            <span>
              {mark.label} <b>{durationText(mark.value)}</b>
            </span>
          </span>
        ))}
      </div>
      <div class="axis" aria-hidden="true">
        {axis.ticks.map((tick) => (
          <span key={tick} class={edgeOf(placeOn(axis, tick))} style={{ left: percent(placeOn(axis, tick)) }}>
            {tickText(tick)}
          </span>
        ))}
      </div>
    </figure>
  );
}

/** Labels at the ends stay inside. */
function edgeOf(place: number): string {
  return place < 0.03 ? 'first' : place > 0.96 ? 'last' : '';
}

function tickText(ms: number): string {
  if (ms >= 1000) return `${numberText(ms / 1000)}${THIN}s`;
  return ms < 0.1 ? durationText(ms) : `${numberText(ms)}${THIN}ms`;
}

function boxText(box: HistogramBox): string {
  const responses = box.count === 1 ? 'response' : 'responses';
  return `${tickText(box.from)} – ${tickText(box.to)}: ${numberText(box.count)} ${responses}, ${shareText(box.share)}`;
}

function describe(boxes: HistogramBox[]): string {
  const top = boxes.reduce((most, box) => (box.count > most.count ? box : most));
  return `Histogram of latencies from ${tickText(boxes[0]!.from)} to ${tickText(boxes.at(-1)!.to)}; most, ${shareText(top.share)}, between ${tickText(top.from)} and ${tickText(top.to)}. The percentiles are in the table.`;
}
