import type { JSX } from 'preact';
import type { LoadResult } from '../../src/load/load-result.ts';
import { latencyRows, listOutcomes } from './load-chart.ts';
import { LoadHistogram } from './load-histogram.tsx';
import { LoadTimes } from './load-times.tsx';
import { bytesText, durationText, numberText, shareText, THIN } from './number-text.ts';

/** What a load test gave: throughput and latency over time, the histogram, percentiles, statuses and what to know. */
export function LoadPanel({ load }: { load: LoadResult }): JSX.Element {
  const { connections, rate, seconds, latency } = load;
  const how = [
    `${numberText(connections)} ${connections === 1 ? 'connection' : 'connections'}`,
    rate === undefined ? 'as fast as they allow' : `constant ${numberText(rate)} requests/s`,
    durationText(seconds * 1000),
  ];
  return (
    <section class="panel load" aria-labelledby="load-title">
      <header class="panel-head">
        <h2 id="load-title">Load</h2>
        <code class="load-url" title={load.url}>
          {load.method} {load.url}
        </code>
        <span class="hint">{how.join(' · ')}</span>
      </header>
      <LoadFacts load={load} />
      <div class="load-body">
        <div class="load-left">
          <LoadTimes load={load} />
          <Outcomes load={load} />
        </div>
        <div class="load-right">
          <LoadHistogram load={load} />
          {latency.p50 !== null && Number.isFinite(latency.p50) && <Percentiles load={load} />}
        </div>
      </div>
      {load.notes.length > 0 && (
        <ul class="load-notes">
          {load.notes.map((note) => (
            <li key={note}>{sentence(note)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function sentence(note: string): string {
  const text = note.charAt(0).toUpperCase() + note.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function LoadFacts({ load }: { load: LoadResult }): JSX.Element {
  const { requests, throughput, latency } = load;
  const lost = requests.errors + requests.timeouts;
  const failed = lost + requests.non2xx;
  const whole = Math.max(1, requests.total);
  const facts: [string, string, string][] = [
    ['Throughput', `${numberText(throughput.requestsPerSecond)}${THIN}responses/s`, ''],
    ['Median latency', latencyText(latency.p50), ''],
    ['p99 latency', latencyText(latency.p99), ''],
    [
      'Failed',
      failed === 0 ? 'none' : `${numberText(failed)} of ${numberText(whole)}, ${shareText(failed / whole)}`,
      failed === 0 ? '' : 'bad',
    ],
    ['Received', `${bytesText(throughput.bytesPerSecond)}/s`, ''],
  ];
  return (
    <dl class="load-facts">
      {facts.map(([label, value, look]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd class={look}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A dash where there was no response to measure. */
function latencyText(ms: number | null): string {
  return ms === null || !Number.isFinite(ms) ? '–' : durationText(ms);
}

function Percentiles({ load }: { load: LoadResult }): JSX.Element {
  const rows = latencyRows(load);
  const measured = load.uncorrectedLatency !== undefined;
  const half = Math.ceil(rows.length / 2);
  const table = (part: typeof rows) => (
    <table class="percentiles">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">Percentile</span>
          </th>
          <th scope="col">{measured ? 'corrected' : 'latency'}</th>
          {measured && <th scope="col">as measured</th>}
        </tr>
      </thead>
      <tbody>
        {part.map((row) => (
          <tr key={row.label}>
            <th scope="row">{row.label}</th>
            <td>{latencyText(row.value)}</td>
            {measured && <td class="weak">{latencyText(row.measured ?? Number.NaN)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
  return (
    <div class="percentile-pair">
      {table(rows.slice(0, half))}
      {table(rows.slice(half))}
    </div>
  );
}

function Outcomes({ load }: { load: LoadResult }): JSX.Element {
  const outcomes = listOutcomes(load);
  return (
    <div class="outcomes">
      <h3>What became of {numberText(load.requests.total)} requests</h3>
      <ul>
        {outcomes.map(({ label, count, share, bad }) => (
          <li key={label}>
            <span>{label}</span>
            <span class="outcome-bar" aria-hidden="true">
              <i class={bad ? 'bad' : ''} style={{ width: `${100 * share}%` }} />
            </span>
            <span class="num">{numberText(count)}</span>
            <span class="num weak">{share > 0 && share < 0.0005 ? `< 0.1${THIN}%` : shareText(share)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
