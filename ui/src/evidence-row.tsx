import type { JSX } from 'preact';
import type { EvidenceLine } from '../../src/doctor/report.ts';
import { withUnit } from './number-text.ts';

/** Where the bar ends: 100 for shares, 16 limits for what has no natural maximum, as in the terminal. */
function scaleOf(line: EvidenceLine): number {
  if (line.unit === '%') return Math.max(100, line.limit ?? 0);
  return 16 * (line.limit || Math.max(1, line.value / 16));
}

/** Signal, value, limit and a bar with a tick at the limit. Red only beyond it. */
export function EvidenceRow({ line }: { line: EvidenceLine }): JSX.Element {
  const { limit, value } = line;
  if (line.unit === 'text') return <div class="evidence words">{line.text}</div>;
  const beyond = limit !== null && value > limit;
  const scale = scaleOf(line);
  const at = (number: number) => `${Math.min(100, Math.max(0, (100 * number) / scale))}%`;
  return (
    <div class="evidence" title={line.text}>
      <span class="signal">{line.signal.charAt(0).toUpperCase() + line.signal.slice(1)}</span>
      <b class="value">{withUnit(value, line.unit)}</b>
      <span class="limit">
        {limit === null ? '' : `${line.sense === 'below' ? 'below' : 'limit'} ${withUnit(limit, line.unit)}`}
      </span>
      {limit === null ? (
        <span />
      ) : (
        <span
          class={`bullet ${beyond ? 'beyond' : 'inside'} ${value > scale ? 'over' : ''}`}
          aria-hidden="true"
        >
          <i style={{ width: at(value) }} />
          <b style={{ left: at(limit) }} />
        </span>
      )}
    </div>
  );
}
