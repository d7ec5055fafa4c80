import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PageSlowRequest, PageWaits } from '../../src/render/page-waits.ts';
import { axisTicks } from './axis-ticks.ts';
import { durationText, numberText, THIN } from './number-text.ts';
import { changeView } from './state.ts';
import { WaitChain } from './wait-chain.tsx';
import { KIND_LABELS, lineText } from './wait-kinds.ts';
import { WaitLine } from './wait-line.tsx';
import { matchingGroups, moveRequest, request, requestIndex, showRequest, spanIndex } from './wait-state.ts';

/** One slow request: its waits in the order of time, and how the selected one came about. */
export function WaterfallPanel({ waits }: { waits: PageWaits }): JSX.Element | null {
  const shown = request.value;
  if (!shown) return null;
  const { slow } = waits;
  return (
    <section class="panel waterfall" aria-labelledby="waterfall-title">
      <header class="panel-head">
        <h2 id="waterfall-title">
          {requestIndex.value === 0 ? 'Slowest request' : 'A slow request'}{' '}
          <span class="mono" title={`${shown.method} ${shown.path}`}>
            {shown.method} {shown.path}
          </span>
        </h2>
        <span class="hint">{factsOf(shown)}</span>
        {slow.length > 1 && <Chooser slow={slow} />}
      </header>
      <div class="fall-split">
        <Waterfall shown={shown} waits={waits} />
        <WaitChain waits={waits} request={shown} span={shown.spans[spanIndex.value]} />
      </div>
    </section>
  );
}

/** The slowest of each route, by route. */
function Chooser({ slow }: { slow: PageSlowRequest[] }): JSX.Element {
  const routes = [...new Set(slow.map(({ route }) => route))];
  const index = requestIndex.value;
  return (
    <span class="controls push">
      <select
        class="control fall-chooser"
        aria-label="Request, the slowest of each route"
        value={String(index)}
        onChange={(event) => showRequest(Number(event.currentTarget.value))}
      >
        {routes.map((route) => (
          <optgroup key={route} label={route}>
            {slow.map(
              (one, i) =>
                one.route === route && (
                  <option key={`${i + 0}`} value={String(i)}>
                    {`${durationText(one.ms)}  ${one.path.slice(0, 60)}${one.status >= 400 ? `  ${one.status}` : ''}`}
                  </option>
                ),
            )}
          </optgroup>
        ))}
      </select>
      <button
        type="button"
        class="control"
        disabled={index <= 0}
        title="Previous request (k)"
        onClick={() => moveRequest(-1)}
      >
        ↑<span class="unseen">Previous request</span>
      </button>
      <button
        type="button"
        class="control"
        disabled={index >= slow.length - 1}
        title="Next request (j)"
        onClick={() => moveRequest(1)}
      >
        ↓<span class="unseen">Next request</span>
      </button>
    </span>
  );
}

function factsOf({ ms, status, finished, slowerThan, route, runMs, unexplainedMs }: PageSlowRequest): string {
  const parts = [
    durationText(ms),
    finished
      ? status === 0
        ? 'connection gone before the answer'
        : `status ${status}`
      : 'under way when the recording ended',
    ...(slowerThan > 0 ? [`slower than ${Math.floor(100 * slowerThan)}${THIN}% of ${route}`] : []),
    `${durationText(runMs)} of JavaScript`,
    ...(unexplainedMs > ms / 100 ? [`${durationText(unexplainedMs)} not explained`] : []),
  ];
  return parts.join(' · ');
}

function Waterfall({ shown, waits }: { shown: PageSlowRequest; waits: PageWaits }): JSX.Element {
  const body = useRef<HTMLTableSectionElement>(null);
  const { spans, ms, leftOut } = shown;
  const selected = spanIndex.value;
  const matches = matchingGroups.value;
  const whole = Math.max(ms, 1e-6);
  const ticks = axisTicks(ms, 5);
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = Math.min(spans.length - 1, Math.max(0, selected + step));
    changeView({ span: next });
    body.current?.querySelectorAll<HTMLElement>('.fall-name')[next]?.focus();
  };
  if (spans.length === 0)
    return (
      <p class="empty">
        {leftOut > 0
          ? 'It waited for nothing longer than a thousandth of its time.'
          : 'It waited for nothing.'}
      </p>
    );
  return (
    <div class="fall-scroll">
      <table class="fall">
        <thead>
          <tr>
            <th scope="col" class="fall-what">
              Wait
            </th>
            <th scope="col" class="fall-line">
              Line
            </th>
            <th scope="col" class="fall-bars">
              <span class="unseen">When</span>
              {ticks.map((tick) => (
                <span
                  class={`fall-tick ${tick > 0.9 * whole ? 'end' : ''}`}
                  key={tick}
                  style={{ left: `${(100 * tick) / whole}%` }}
                >
                  {tick === 0 ? '0' : durationText(tick)}
                </span>
              ))}
            </th>
            <th scope="col" class="num fall-time">
              Time
            </th>
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={move}>
          {spans.map((span, i) => {
            const line = lineText(waits.sites[span.site]);
            const dim = matches !== null && !(span.group >= 0 && matches[span.group]);
            const text = `${span.name}, ${durationText(span.to - span.from)} from ${durationText(span.from)}${span.open ? ', still waiting at the end' : ''}; ${line}`;
            return (
              <tr
                key={`${i + 0}`}
                class={`${i === selected ? 'marked' : ''} ${dim ? 'dim' : ''}`}
                title={text}
                onClick={() => changeView({ span: i })}
              >
                <td class="fall-what">
                  <i class={`box wait-${span.kind}`} title={KIND_LABELS[span.kind]} />
                  <button
                    type="button"
                    class="frame-name fall-name"
                    aria-pressed={i === selected}
                    tabIndex={i === Math.max(0, selected) ? 0 : -1}
                  >
                    {span.name}
                  </button>
                </td>
                <td class="fall-line">
                  <WaitLine site={waits.sites[span.site]} />
                </td>
                <td class="fall-bars">
                  {ticks.map((tick) => (
                    <s key={tick} style={{ left: `${(100 * tick) / whole}%` }} />
                  ))}
                  <i
                    class={`fall-bar wait-${span.kind} ${span.open ? 'open' : ''}`}
                    style={{
                      left: `${(100 * span.from) / whole}%`,
                      width: `${(100 * (span.to - span.from)) / whole}%`,
                    }}
                  />
                </td>
                <td class="num fall-time">{durationText(span.to - span.from)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {leftOut > 0 && (
        <p class="list-note hint">
          {numberText(leftOut, 0)} shorter {leftOut === 1 ? 'wait is' : 'waits are'} not listed.
        </p>
      )}
    </div>
  );
}
