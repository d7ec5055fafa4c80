import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { Heap } from '../heap/heap.ts';
import type { HeapSummary } from '../heap/heap-summary.ts';
import { openInBrowser } from './browser.ts';
import { collect } from './cpu.ts';
import { parseChoice, parseCount, terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';
import { shellWord, shorten, temporaryPath } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

interface ShowOptions {
  top: string;
  sort: string;
  filter?: string;
  json?: boolean;
  out: string[];
  open?: boolean;
  index: boolean;
  color: boolean;
}

const SORTS = ['retained', 'shallow', 'count'] as const;

export function registerHeapShow(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('show')
    .summary('first look at a heap snapshot: kinds, classes, what holds most, largest objects')
    .description(
      'Shows what fills a heap: by kind, by class, what holds most memory and how the program reaches it, the largest ' +
        'objects, by package. With @id one object, with a name one class. Sizes are those of Chrome DevTools.',
    )
    .argument('<file>', 'a .heapsnapshot file of Node or Chrome, also .gz or .zst')
    .argument('[what]', '@id of an object, or the name of a class')
    .option('--top <count>', 'rows of each table, 1 to 1000000', '12')
    .option('--sort <by>', 'classes by retained, shallow or count', 'retained')
    .option('--filter <text>', 'only classes whose name has this text')
    .option('-o, --out <file>', 'write here: .html .md .json; may be repeated', collect, [])
    .option('--json', 'print one JSON document, schema holter.heap-show/1')
    .option('--open', 'open the page in the browser')
    .option('--no-index', 'neither read nor write the index beside the file')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
"own" is the size of an object with its backing stores, "retained" what would be freed with it.
A snapshot holds every string of the process, secrets too: keep it where only you can read it.

Examples:
  holter heap show app.heapsnapshot
  holter heap show app.heapsnapshot Session
  holter heap show app.heapsnapshot @7799
  holter heap show app.heapsnapshot --sort count --top 50 -o heap.md`,
    )
    .action(async (file: string, what: string | undefined, options: ShowOptions) =>
      setExit(await runShow(file, what, options)),
    );
}

async function runShow(file: string, what: string | undefined, options: ShowOptions): Promise<ExitCode> {
  const top = parseCount(options.top, '--top', { min: 1, max: 1_000_000 });
  const sort = parseChoice(options.sort, '--sort', SORTS);
  refuseOutputs(options, what);
  // Both before the file is opened: the index is written in the first pause after that, with the summary in it.
  const { openHeapFile } = await import('./open-heap-file.ts');
  const { summariseHeap } = await import('../heap/summarise-heap.ts');
  const heap = await openHeapFile(file, { verb: 'holter heap show', index: options.index });
  if (what !== undefined) {
    await (await import('./heap-show-part.ts')).showPart(heap, file, what, top, options);
    return 0;
  }
  const summary = summariseHeap(heap, {
    top,
    sort,
    ...(options.filter === undefined ? {} : { filter: options.filter }),
  });
  const next = nextCommands(file, summary);
  const json = async () => (await import('../render/heap-show-json.ts')).renderHeapSummaryJson(summary, next);
  const { writePageFile } = await import('../recording/write-recording.ts');
  for (const path of options.out) {
    if (/\.json$/i.test(path)) await writePageFile(path, await json());
    else if (/\.html?$/i.test(path)) await writePageFile(path, await makePage(heap, summary, file, next));
    else {
      const { renderHeapSummaryMarkdown } = await import('../render/heap-show-markdown.ts');
      await writePageFile(path, renderHeapSummaryMarkdown(summary, process.cwd()));
    }
  }
  const written = options.out.map(shorten);
  if (options.open) {
    let page = options.out.find((path) => /\.html?$/i.test(path));
    if (page === undefined) {
      page = temporaryPath(file, '.html');
      await writePage(page, await makePage(heap, summary, file, next));
      written.push(page);
    }
    openInBrowser(page);
  }
  if (options.json) await print(await json());
  else {
    const { renderHeapSummary } = await import('../render/heap-show-terminal.ts');
    await print(
      renderHeapSummary(summary, terminalStyle(!options.color), { cwd: process.cwd(), next, written }),
    );
  }
  return 0;
}

/** @throws HolterError E_USAGE */
function refuseOutputs({ out, open }: ShowOptions, what: string | undefined): void {
  const wrong = out.find((path) => !/\.(html?|md|markdown|json)$/i.test(path));
  if (wrong !== undefined)
    throw new HolterError('E_USAGE', `no format is known for the file name ${JSON.stringify(wrong)}`, {
      hint: '.html, .md or .json',
    });
  if (what !== undefined && (open || out.some((path) => !/\.json$/i.test(path))))
    throw new HolterError(
      'E_USAGE',
      'a page or Markdown is made of a whole heap, not of one object or class',
      {
        hint: 'without it, or -o x.json',
      },
    );
}

function nextCommands(file: string, summary: HeapSummary): string[] {
  const path = shellWord(file);
  const [first] = summary.dominators;
  return [
    `holter heap suspects ${path}`,
    ...(first === undefined ? [] : [`holter heap show ${path} @${first.id}`]),
    `holter open ${path}`,
  ];
}

async function writePage(path: string, html: string): Promise<void> {
  const [{ mkdir }, { dirname }, { writePageFile }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
    import('../recording/write-recording.ts'),
  ]);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePageFile(path, html);
}

async function makePage(
  heap: Heap,
  summary: HeapSummary,
  file: string,
  next: readonly string[],
): Promise<string> {
  const [{ buildHeapPage }, { renderHtmlPage }, { heapHeadlines }] = await Promise.all([
    import('../render/build-heap-page.ts'),
    import('../render/html-page.ts'),
    import('../render/heap-show-text.ts'),
  ]);
  const [headline, ...details] = heapHeadlines(summary);
  return renderHtmlPage(
    buildHeapPage(heap, summary, {
      verb: 'heap show',
      file,
      holter: HOLTER_VERSION,
      cwd: process.cwd(),
      ...(headline === undefined ? {} : { headline }),
      ...(details.length === 0 ? {} : { details }),
      next: next.map((command) => ({ command, note: '' })),
    }),
  );
}
