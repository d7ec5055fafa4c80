import { type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { HeapPage, PageHolder, PageSuspect } from '../../src/render/page-data.ts';
import { Advice } from './findings-panel.tsx';
import { showObject } from './heap-object-state.ts';
import { bytesText, numberText, shareText } from './number-text.ts';
import { Mark } from './severity-mark.tsx';
import { printing } from './theme.ts';

/** Suspect in front, by index. */
export const frontSuspect: Signal<number> = signal(0);
const open: Signal<ReadonlySet<number>> = signal(new Set([0]));
/** From this share of the heap on a suspect is marked as a warning, from the second as critical. */
const WARNING = 0.1;
const CRITICAL = 0.3;

/** Opens the next or the previous suspect. */
export function moveSuspect(step: number, count: number): void {
  if (count === 0) return;
  const next = Math.min(count - 1, Math.max(0, frontSuspect.peek() + step));
  frontSuspect.value = next;
  open.value = new Set([next]);
  requestAnimationFrame(() => {
    const summary = document.querySelector<HTMLElement>(`[data-suspect="${next}"] > summary`);
    summary?.focus({ preventScroll: true });
    summary?.scrollIntoView({ block: 'nearest' });
  });
}

/** Who holds too much, in sentences with numbers. */
export function HeapSuspectsPanel({ page }: { page: HeapPage }): JSX.Element {
  const report = page.suspects!;
  return (
    <section class="panel findings heap-suspects" aria-labelledby="suspects-title">
      <header class="panel-head">
        <h2 id="suspects-title">Suspects</h2>
        <span class="hint">
          {report.list.length > 0 &&
            `${numberText(report.list.length, 0)}, ${shareText(report.explained)} of the heap explained`}
        </span>
        <span class="push" aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd>
        </span>
      </header>
      {report.list.length === 0 && (
        <div class="nothing">
          <p>
            <Mark kind="ok" /> Nothing stands out. Growth needs two snapshots: holter heap diff A B
          </p>
        </div>
      )}
      {report.list.map((one, i) => (
        <Details key={`${i + 0}`} one={one} index={i} page={page} />
      ))}
      {report.quiet.length > 0 && (
        <div class="gaps">
          <h3>Looked for and not found</h3>
          <p>{report.quiet.map((one) => one.replaceAll('-', ' ')).join(' · ')}</p>
        </div>
      )}
    </section>
  );
}

function Details({ one, index, page }: { one: PageSuspect; index: number; page: HeapPage }): JSX.Element {
  const kind = one.share >= CRITICAL ? 'critical' : one.share >= WARNING ? 'warning' : 'note';
  const isOpen = printing.value || open.value.has(index);
  const toggle = (event: Event) => {
    event.preventDefault();
    const next = new Set(open.value);
    if (!next.delete(index)) next.add(index);
    open.value = next;
    frontSuspect.value = index;
  };
  const place = one.place || one.holders[0]?.place || '';
  return (
    <details
      class={`finding ${frontSuspect.value === index ? 'selected' : ''}`}
      open={isOpen}
      data-suspect={index}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is a button, and turns Enter into clicks */}
      <summary onClick={toggle}>
        <Mark kind={kind} />
        <span class="finding-head">
          <b>{one.title}</b>
          <span class="finding-kind">
            {one.detector.replaceAll('-', ' ')}
            {place !== '' && (
              <>
                {' '}
                · <code>{place}</code>
              </>
            )}
          </span>
        </span>
        <span class="confidence suspect-share">
          <b>{bytesText(one.bytes)}</b> {one.bytesAre}, {shareText(one.share)}
        </span>
      </summary>
      <div class="finding-body">
        {one.growth !== '' && <p class="suspect-growth">{one.growth}</p>}
        {one.holders.length > 0 && <h3>Held by</h3>}
        {one.holders.map((holder, i) => (
          <HolderLines key={`${i + 0}`} holder={holder} />
        ))}
        {one.evidence.length > 0 && (
          <>
            <h3>Evidence</h3>
            <ul class="sentences">
              {one.evidence.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </>
        )}
        {one.advice !== '' && (
          <>
            <h3>Advice</h3>
            <Advice text={one.advice} />
          </>
        )}
        {one.ids.length > 0 && (
          <p class="suspect-ids">
            <span class="weak">objects</span>{' '}
            {one.ids.slice(0, 8).map((id) => (
              <ObjectId key={id} id={id} served={page.server !== undefined} />
            ))}
          </p>
        )}
      </div>
    </details>
  );
}

/** A container, how much it holds, and the way to it. */
export function HolderLines({ holder }: { holder: PageHolder }): JSX.Element {
  return (
    <div class="holder">
      <p>
        <code class="strong">{holder.text}</code> <span class="weak">{holder.kind}</span>
        {holder.held > 0 && <> holds {numberText(holder.held, 0)}</>}
        {holder.place !== '' && (
          <>
            {' '}
            · <code>{holder.place}</code>
          </>
        )}
      </p>
      {holder.path !== '' && <p class="weak way">{holder.path}</p>}
    </div>
  );
}

/** `@123`; on a served page it leads to the object. */
export function ObjectId({ id, served }: { id: number; served: boolean }): JSX.Element {
  if (!served) return <code class="object-id">@{id}</code>;
  return (
    <button type="button" class="object-id mono" onClick={() => showObject(id)}>
      @{id}
    </button>
  );
}
