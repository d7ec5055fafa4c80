import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { describeColumns, FUNCTIONS, QUERY_TABLES } from '../heap/query-words.ts';
import { terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';

export interface QueryCommandOptions {
  json?: boolean;
  csv?: boolean;
  index: boolean;
  color: boolean;
}

export function registerHeapQuery(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('query')
    .summary('ask a snapshot: select class, count(*), sum(retained) … group by class')
    .description(
      'Answers a question about the objects of a heap snapshot in a language like SQL. Without a query it lists the ' +
        'tables and columns; docs/heap-query.md has all of it.',
    )
    .argument('<file>', 'a .heapsnapshot file (also .gz, .zst)')
    .argument(
      '[query...]',
      'select … from objects where … ; or retainers(@id), refs(@id), path(@id), dominated(@id)',
    )
    .option('--json', 'print one JSON document, schema holter.heap-query/1')
    .option('--csv', 'print comma-separated values')
    .option('--no-index', 'neither read nor write the index beside the file')
    .option('--no-color', 'no colour')
    .addHelpText('after', () => queryHelp())
    .action(async (file: string, words: string[], options: QueryCommandOptions) =>
      setExit(await runHeapQuery(file, words.join(' '), options)),
    );
}

async function runHeapQuery(file: string, query: string, options: QueryCommandOptions): Promise<ExitCode> {
  if (options.json && options.csv) throw new HolterError('E_USAGE', '--json and --csv exclude each other');
  if (query.trim() === '')
    throw new HolterError('E_USAGE', 'there is no query', { hint: 'holter heap query --help' });
  const [{ parseQuery }, { runQuery }, text] = await Promise.all([
    import('../heap/query-parser.ts'),
    import('../heap/query-run.ts'),
    import('../render/heap-query-text.ts'),
  ]);
  // A slip is said at once, not after a minute of reading.
  parseQuery(query);
  const { openHeapFile } = await import('./open-heap-file.ts');
  const heap = await openHeapFile(file, { index: options.index });
  const machine = options.json || options.csv;
  const signal = abortOnSignals();
  const result = await runQuery(heap, query, machine ? { limit: 10_000, signal } : { signal });
  if (options.json) await print(text.renderQueryJson(result, { file, query }));
  else if (options.csv) await print(text.renderQueryCsv(result));
  else await print(text.renderQueryResult(result, terminalStyle(!options.color)));
  return 0;
}

/** Tables, columns and functions, as they are in the code. */
function queryHelp(): string {
  const columns = (names: Record<string, string>) =>
    Object.entries(names).map(([name, about]) => `    ${name.padEnd(12)}${about}`);
  return [
    '',
    'Tables:',
    ...Object.entries(QUERY_TABLES).map(
      ([name, { argument, about }]) => `  ${(argument ? `${name}(@id)` : name).padEnd(16)}${about}`,
    ),
    '',
    'Columns of objects (retainers, refs and path have edge and edgetype too):',
    ...columns(describeColumns('objects')),
    ...(['classes', 'strings', 'edges'] as const).flatMap((table) => [
      `Columns of ${table}:`,
      `    ${Object.keys(describeColumns(table)).join(', ')}`,
    ]),
    '',
    'Functions: count(*), count(distinct x), sum, min, max, avg;',
    ...Object.entries(FUNCTIONS)
      .filter(([name]) => !Object.hasOwn(describeColumns('objects'), name))
      .map(([, about]) => `    ${about}`),
    "    class(dominator), name(ref('user')), … : a column of another object",
    "Conditions: = != < <= > >=, ~ /regex/i or 'part', !~, like '%x%', in (…), between … and …, and, or, not",
    'Sizes: 10kB, 1MB, 1GiB, 5% (of the heap)',
    '',
    'Examples:',
    "  holter heap query x.heapsnapshot 'select class, count(*), sum(retained) group by class order by 3 desc limit 20'",
    "  holter heap query x.heapsnapshot \"select id, retained, prop('token') where class = 'Session' order by retained desc\"",
    "  holter heap query x.heapsnapshot 'retainers(@123)' --json",
  ].join('\n');
}
