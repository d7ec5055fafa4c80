import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { QueryAnswer } from '../../src/server/questions.ts';
import { AskError, ask } from './heap-client.ts';
import { ObjectId } from './heap-suspects-panel.tsx';
import { bytesText, numberText } from './number-text.ts';

const EXAMPLES = [
  'select class, count(*), sum(retained) from objects group by class order by 3 desc limit 20',
  "select id, name, shallow from objects where type = 'string' and shallow > 10kB order by shallow desc",
  "select id, retained, path from objects where class ~ 'Map' and retained > 100kB order by retained desc",
];

/** Questions in the language of `holter heap query`. */
export function HeapQueryPanel(): JSX.Element {
  const text = useSignal(EXAMPLES[0]!);
  const answer = useSignal<QueryAnswer | null>(null);
  const problem = useSignal<AskError | null>(null);
  const asking = useSignal(false);
  const running = useRef<AbortController | null>(null);
  const run = async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    asking.value = true;
    problem.value = null;
    try {
      answer.value = await ask<QueryAnswer>({ ask: 'query', text: text.value }, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return;
      answer.value = null;
      problem.value = error instanceof AskError ? error : new AskError({ problem: String(error), hint: '' });
    }
    if (running.current === controller) asking.value = false;
  };
  return (
    <section class="panel heap-query" aria-labelledby="query-title">
      <header class="panel-head">
        <h2 id="query-title">Query</h2>
        <span class="hint">select … from objects where … group by … · docs/heap-query.md</span>
      </header>
      <form
        class="query-form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <textarea
          class="mono"
          aria-label="Query"
          rows={2}
          spellcheck={false}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            void run();
          }}
        />
        <button type="submit" class="control" disabled={asking.value}>
          {asking.value ? 'Asking …' : 'Ask'}
        </button>
      </form>
      <p class="query-examples">
        {EXAMPLES.map((one, i) => (
          <button type="button" class="plain" key={one} onClick={() => (text.value = one)}>
            Example {i + 1}
          </button>
        ))}
      </p>
      {problem.value && <Problem problem={problem.value} />}
      {answer.value && <Result answer={answer.value} />}
    </section>
  );
}

function Problem({ problem }: { problem: AskError }): JSX.Element {
  return (
    <div class="query-problem" role="alert">
      <pre>{problem.message}</pre>
      {problem.hint !== '' && <p class="weak">{problem.hint}</p>}
    </div>
  );
}

function Result({ answer }: { answer: QueryAnswer }): JSX.Element {
  const { columns, rows } = answer;
  return (
    <>
      <div class="query-result">
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th key={`${i + 0}`} scope="col" class={isNumber(rows, i) ? 'num' : ''}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <tr key={`${r + 0}`}>
                {row.map((cell, i) => (
                  <td key={`${i + 0}`} class={isNumber(rows, i) ? 'num' : ''} title={String(cell ?? '')}>
                    <Cell value={cell} unit={columns[i]!.unit} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint list-note">
        {numberText(rows.length, 0)} {rows.length === 1 ? 'row' : 'rows'}
        {answer.matched !== null && answer.matched > rows.length && ` of ${numberText(answer.matched, 0)}`}
        {answer.more && '; say limit N for more'}
        {answer.notes.map((note) => ` · ${note}`)}
      </p>
    </>
  );
}

function isNumber(rows: QueryAnswer['rows'], column: number): boolean {
  return typeof rows.find((row) => row[column] !== null)?.[column] === 'number';
}

function Cell({ value, unit }: { value: string | number | boolean | null; unit: string }): JSX.Element {
  if (value === null) return <span class="weak">–</span>;
  if (typeof value !== 'number') return <>{String(value)}</>;
  if (unit === 'id') return <ObjectId id={value} served />;
  return <>{unit === 'bytes' ? bytesText(value) : numberText(value)}</>;
}
