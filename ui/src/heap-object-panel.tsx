import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { HeapPage } from '../../src/render/page-data.ts';
import type { ObjectAnswer, RowsAnswer } from '../../src/server/questions.ts';
import { distanceText } from './heap-classes.ts';
import { ask } from './heap-client.ts';
import { showInstances } from './heap-instances-state.ts';
import { shownObject, showObject } from './heap-object-state.ts';
import { bytesText, numberText, shareText } from './number-text.ts';
import { ObjectRows, objectLabel } from './object-rows.tsx';
import { usePagedRows } from './paged-rows.ts';
import { Segments } from './segments.tsx';

type Tab = 'references' | 'retainers' | 'dominated';
const EMPTY: Record<Tab, string> = {
  references: 'It refers to nothing.',
  retainers: 'Nothing refers to it.',
  dominated: 'Nothing is kept alive by it alone.',
};
const MAX_ROWS = 16;

/** One object: who keeps it alive, what it refers to, who refers to it. */
export function HeapObjectPanel({ page }: { page: HeapPage }): JSX.Element {
  const id = shownObject.value;
  const answer = useSignal<ObjectAnswer | null>(null);
  const problem = useSignal('');
  const typed = useSignal('');
  const tab = useSignal<Tab>('references');
  useEffect(() => {
    if (id === 0) return;
    const controller = new AbortController();
    problem.value = '';
    ask<ObjectAnswer>({ ask: 'object', id }, controller.signal).then(
      (next) => {
        answer.value = next;
      },
      (error: unknown) => {
        if (!controller.signal.aborted)
          problem.value = error instanceof Error ? error.message : String(error);
      },
    );
    return () => controller.abort();
  }, [id]);
  const object = answer.value?.id === id ? answer.value : null;
  return (
    <section class="panel heap-object" id="object" aria-labelledby="object-title">
      <header class="panel-head">
        <h2 id="object-title">Object</h2>
        {object ? (
          <span class="hint">
            <b class="strong">{objectLabel(object)}</b> @{object.id}
          </span>
        ) : (
          <span class="hint">click any @id, or type one</span>
        )}
        <form
          class="push controls"
          onSubmit={(event) => {
            event.preventDefault();
            const next = Number(typed.value.trim().replace(/^@/, ''));
            if (Number.isSafeInteger(next) && next > 0) showObject(next);
          }}
        >
          <input
            class="id-input mono"
            type="text"
            inputMode="numeric"
            placeholder="@id"
            aria-label="Id of an object"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
          <button type="submit" class="control">
            Look
          </button>
        </form>
      </header>
      {problem.value !== '' ? (
        <p class="empty">{problem.value}</p>
      ) : object ? (
        <>
          <Facts object={object} page={page} />
          <div class="tab-line">
            <Segments
              label="Which list"
              value={tab.value}
              options={[
                ['references', `Refers to ${numberText(object.references, 0)}`],
                ['retainers', `Referred to by ${numberText(object.retainers, 0)}`],
                ['dominated', `Keeps alive alone ${numberText(object.dominated, 0)}`],
              ]}
              onChange={(next) => (tab.value = next)}
            />
          </div>
          <Lines id={object.id} tab={tab.value} />
        </>
      ) : (
        <p class="empty">{id === 0 ? 'No object is selected yet.' : '…'}</p>
      )}
    </section>
  );
}

function Lines({ id, tab }: { id: number; tab: Tab }): JSX.Element {
  const key = `${tab} ${id}`;
  const rows = usePagedRows(key, (from, count, signal) =>
    ask<RowsAnswer>({ ask: tab, id, from, count }, signal),
  );
  return (
    <ObjectRows
      rows={rows}
      label={tab}
      maxRows={MAX_ROWS}
      edges={tab !== 'dominated'}
      empty={EMPTY[tab]}
      resetOn={key}
    />
  );
}

function Facts({ object, page }: { object: ObjectAnswer; page: HeapPage }): JSX.Element {
  return (
    <div class="object-facts">
      <dl>
        <dt>Keeps</dt>
        <dd>
          <b>{bytesText(object.retained)}</b>, {shareText(object.retained / Math.max(1, page.totalBytes))} of
          the heap; own {bytesText(object.shallow)}
        </dd>
        <dt>Class</dt>
        <dd>
          {object.classKey === '' ? (
            object.className
          ) : (
            <button
              type="button"
              class="link"
              onClick={() => showInstances(object.classKey, object.className)}
            >
              {object.className}
            </button>
          )}{' '}
          <span class="weak">
            {object.type}
            {object.place !== '' && ' · '}
          </span>
          {object.place !== '' && <code>{object.place}</code>}
        </dd>
        <dt>Path</dt>
        <dd>
          <code class="strong">{object.pathText || 'none from the program'}</code>{' '}
          <span class="weak">distance {distanceText(object.distance)}</span>
        </dd>
        <dt>Way</dt>
        <dd>
          <Way steps={object.path} />
        </dd>
        <dt>Freed with</dt>
        <dd>
          {object.dominators.length === 0 ? (
            <span class="weak">nothing: several hold it, or a root does</span>
          ) : (
            <Way
              steps={object.dominators.map((one) => ({
                edge: '',
                className: `${one.className} (${bytesText(one.retained)})`,
                id: one.id,
              }))}
            />
          )}
        </dd>
        {object.text.length > 60 && (
          <>
            <dt>Text</dt>
            <dd class="mono object-text">{object.text}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** Objects one behind the other; each leads to itself. */
function Way({ steps }: { steps: { edge: string; className: string; id: number }[] }): JSX.Element {
  const shown = steps.length > 14 ? [...steps.slice(0, 4), null, ...steps.slice(-9)] : steps;
  return (
    <span class="way">
      {shown.map((step, i) =>
        step === null ? (
          <span key="gap" class="weak">
            {' '}
            › … {steps.length - 13} more
          </span>
        ) : (
          <span key={step.id}>
            {i > 0 && <span class="weak"> › </span>}
            {step.edge !== '' && <code>{step.edge} </code>}
            <button type="button" class="link" title={`@${step.id}`} onClick={() => showObject(step.id)}>
              {step.className}
            </button>
          </span>
        ),
      )}
    </span>
  );
}
