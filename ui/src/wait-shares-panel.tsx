import type { JSX } from 'preact';
import type { PageSite, PageWait, PageWaits } from '../../src/render/page-waits.ts';
import { numberText, shareText } from './number-text.ts';
import { KIND_LABELS, lineText } from './wait-kinds.ts';
import { WaitLine } from './wait-line.tsx';
import { nodeIndex, toggleGroup } from './wait-state.ts';

/** Groups with a part of their own in the bar. */
const PARTS = 9;
/** Less is not worth a part, percent. */
const LEAST = 0.5;

interface Part {
  key: string;
  class: string;
  /** Percent, or how many wait now. */
  value: number;
  name: string;
  line: string;
  /** Undefined: of no line; null: none was sampled. */
  site?: PageSite | null;
  /** Index into the groups; −1 none. */
  group: number;
}

/** Where the time of requests goes, as one bar and its parts; without requests what waits now. */
export function WaitSharesPanel({ waits }: { waits: PageWaits }): JSX.Element {
  const served = waits.basis === 'requests';
  const parts = served ? partsOfRequests(waits) : partsOfWindow(waits);
  const sum = parts.reduce((all, { value }) => all + value, 0);
  const whole = served ? Math.max(100, sum) : Math.max(1, sum);
  const selected = waits.graph.nodes[nodeIndex.value]?.groups ?? [];
  const text = (value: number) => (served ? shareText(value / 100) : numberText(value, 0));
  return (
    <section class="panel wait-shares" aria-labelledby="wait-shares-title">
      <header class="panel-head">
        <h2 id="wait-shares-title">{served ? 'What requests wait for' : 'What waits at the end'}</h2>
        <span class="hint">{hintOf(waits, sum)}</span>
      </header>
      {parts.length === 0 ? (
        <p class="empty">
          {served ? 'Nothing that takes half a percent.' : 'Nothing waited when the recording ended.'}
        </p>
      ) : (
        <>
          <div
            class="share-bar"
            role="img"
            aria-label={parts.map(({ name, value }) => `${name} ${text(value)}`).join(', ')}
          >
            {parts.map((part) => (
              <i
                key={part.key}
                class={part.class}
                style={{ width: `${(100 * part.value) / whole}%` }}
                title={`${text(part.value)} ${part.name} ${part.line}`}
              />
            ))}
          </div>
          <ul class="share-list">
            {parts.map((part) => (
              <li key={part.key}>
                <ShareLine part={part} text={text(part.value)} pressed={selected.includes(part.group)} />
              </li>
            ))}
          </ul>
        </>
      )}
      {!served && waits.resources.length > 0 && (
        <p class="list-note hint">
          Alive in all, by Node’s name:{' '}
          {waits.resources
            .map(({ name, first, last }) => `${name} ${first === last ? last : `${first} → ${last}`}`)
            .join(', ')}
        </p>
      )}
      {waits.notes.length > 0 && (
        <ul class="wait-notes" aria-label="What was sampled">
          {waits.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function ShareLine({ part, text, pressed }: { part: Part; text: string; pressed: boolean }): JSX.Element {
  const inside = (
    <>
      <i class={`box ${part.class}`} />
      <b class="num">{text}</b>
      <span class="share-name">{part.name}</span>
      {part.site === undefined ? <span /> : <WaitLine site={part.site ?? undefined} />}
    </>
  );
  const title = `${part.name}${part.line ? `, ${part.line}` : ''}`;
  if (part.group < 0)
    return (
      <span class="share-part" title={title}>
        {inside}
      </span>
    );
  return (
    <button
      type="button"
      class="share-part"
      title={title}
      aria-pressed={pressed}
      onClick={() => toggleGroup(part.group)}
    >
      {inside}
    </button>
  );
}

function hintOf({ basis, inFlight, requests }: PageWaits, sum: number): string {
  if (basis === 'window') return 'no request was served; by the line that began it';
  const overlap = sum > 101 ? '; waits that overlap in a request count each' : '';
  return `share of the time of ${numberText(requests, 0)} ${requests === 1 ? 'request' : 'requests'}, ${numberText(inFlight.mean)} in progress on average, ${numberText(inFlight.most, 0)} at most${overlap}`;
}

function partsOfRequests(waits: PageWaits): Part[] {
  const { groups, runningShare, unexplainedShare } = waits;
  const large = groups.filter(({ share }) => share >= LEAST);
  const rest = groups.filter((group) => !large.slice(0, PARTS).includes(group));
  const parts = large.slice(0, PARTS).map((group) => partOf(waits, group, group.share));
  const restShare = rest.reduce((all, { share }) => all + share, 0);
  if (restShare >= LEAST)
    parts.push(plain('rest', 'wait-other', restShare, `${rest.length} more, in the table below`));
  if ((runningShare ?? 0) >= LEAST)
    parts.push(plain('running', 'wait-running', runningShare!, 'running JavaScript'));
  if ((unexplainedShare ?? 0) >= LEAST)
    parts.push(
      plain('unexplained', 'wait-unexplained', unexplainedShare!, 'nothing known: no operation, no await'),
    );
  return parts;
}

function partsOfWindow(waits: PageWaits): Part[] {
  const pending = waits.groups.filter(({ waitingNow }) => waitingNow > 0);
  const sorted = pending.sort((a, b) => b.waitingNow - a.waitingNow);
  const parts = sorted.slice(0, PARTS).map((group) => partOf(waits, group, group.waitingNow));
  const rest = sorted.slice(PARTS).reduce((all, { waitingNow }) => all + waitingNow, 0);
  if (rest > 0)
    parts.push(
      plain('rest', 'wait-other', rest, `of ${sorted.length - PARTS} more lines, in the table below`),
    );
  return parts;
}

function partOf(waits: PageWaits, group: PageWait, value: number): Part {
  const index = waits.groups.indexOf(group);
  return {
    key: `group ${index}`,
    class: `wait-${group.kind}`,
    value,
    name: group.name || KIND_LABELS[group.kind],
    line: lineText(waits.sites[group.site]),
    site: waits.sites[group.site] ?? null,
    group: index,
  };
}

function plain(key: string, name: string, value: number, text: string): Part {
  return { key, class: name, value, name: text, line: '', group: -1 };
}
