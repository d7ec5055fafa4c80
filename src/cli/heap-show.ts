import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { Heap } from '../heap/heap.ts';
import { openHeapFile } from './open-heap-file.ts';
import { parseChoice, terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';

interface ShowOptions {
  top: string;
  sort: string;
  filter?: string;
  json?: boolean;
  out?: string;
  open?: boolean;
  index: boolean;
  color: boolean;
}

const SORTS = ['retained', 'shallow', 'count'] as const;

export function registerHeapShow(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('show')
    .summary('first look at a heap snapshot: kinds, classes, holders, largest objects')
    .description(
      'Shows what fills a heap: by kind, by class, the holders of most memory with their paths, the largest objects, ' +
        'by package. With @id one object, with a name one class. Sizes are those of Chrome DevTools.',
    )
    .argument('<file>', 'a .heapsnapshot file (also .gz, .zst)')
    .argument('[what]', '@id of an object, or the name of a class')
    .option('--top <n>', 'rows of each table', '15')
    .option('--sort <by>', 'classes by retained, shallow or count', 'retained')
    .option('--filter <text>', 'only classes whose names contain it')
    .option('--json', 'print one JSON document, schema holter.heap-show/1')
    .option('-o, --out <file>', 'write the page (.html) or JSON (.json) here')
    .option('--open', 'open the page in the browser')
    .option('--no-index', 'neither read nor write the index beside the file')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
A snapshot holds every string of the process, secrets too: keep it where only you can read it.

Examples:
  holter heap show app.heapsnapshot
  holter heap show app.heapsnapshot @7799
  holter heap show app.heapsnapshot Session
  holter heap show app.heapsnapshot --sort count --top 50`,
    )
    .action(async (file: string, what: string | undefined, options: ShowOptions) =>
      setExit(await runShow(file, what, options)),
    );
}

async function runShow(file: string, what: string | undefined, options: ShowOptions): Promise<ExitCode> {
  const top = Number(options.top);
  if (!(Number.isInteger(top) && top >= 1 && top <= 1_000_000))
    throw new HolterError('E_USAGE', `--top ${JSON.stringify(options.top)} is no number of rows`, {
      hint: 'for example --top 50',
    });
  const sort = parseChoice(options.sort, '--sort', SORTS);
  const heap = await openHeapFile(file, { verb: 'holter heap show', index: options.index });
  if (what !== undefined) await showPart(heap, file, what, top, options);
  else {
    const { summariseHeap } = await import('../heap/summarise-heap.ts');
    const summary = summariseHeap(heap, {
      top,
      sort,
      ...(options.filter === undefined ? {} : { filter: options.filter }),
    });
    const next = [`holter heap suspects ${file}`, `holter open ${file}`];
    if (options.json)
      await print((await import('../render/heap-show-json.ts')).renderHeapSummaryJson(summary, next));
    else {
      const { renderHeapSummary } = await import('../render/heap-show-terminal.ts');
      await print(renderHeapSummary(summary, terminalStyle(!options.color), { cwd: process.cwd(), next }));
    }
  }
  return 0;
}

async function showPart(
  heap: Heap,
  file: string,
  what: string,
  top: number,
  options: ShowOptions,
): Promise<void> {
  const { describeClass, describeObject, nodeOfId } = await import('../heap/describe-object.ts');
  const { renderHeapClass, renderHeapObject } = await import('../render/heap-object-terminal.ts');
  const json = await import('../render/heap-show-json.ts');
  const total = heap.graph.retained.get(0) + heap.snapshot.extraNativeBytes;
  const style = terminalStyle(!options.color);
  const id = /^@(\d+)$/.exec(what);
  if (id !== null) {
    const node = nodeOfId(heap, Number(id[1]));
    if (node < 0)
      throw new HolterError('E_USAGE', `no object of ${file} has the id ${what}`, {
        hint: 'ids are those of this snapshot (and of others of the same process)',
      });
    const object = describeObject(heap, node, top);
    await print(
      options.json
        ? json.renderHeapObjectJson(file, object)
        : renderHeapObject(object, total, style, process.cwd()),
    );
    return;
  }
  const found = describeClass(heap, what, top);
  if (found === undefined) {
    const near = heap.classes.name
      .filter((name) => name.toLowerCase().includes(what.toLowerCase()))
      .slice(0, 5);
    throw new HolterError('E_USAGE', `no class of ${file} is called ${JSON.stringify(what)}`, {
      hint: near.length > 0 ? `there are ${near.join(', ')}` : `holter heap show ${file} lists them`,
    });
  }
  await print(
    options.json
      ? json.renderHeapClassJson(file, found)
      : renderHeapClass(found, total, style, process.cwd()),
  );
}
