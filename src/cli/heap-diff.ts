import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { HeapDifference } from '../heap/heap-difference.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { openInBrowser } from './browser.ts';
import { collect } from './cpu.ts';
import { parseChoice, parseCount, terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';
import { shorten, temporaryPath } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

interface HeapDiffCommandOptions {
  by?: string;
  top: string;
  filter?: string;
  failOn: string[];
  out: string[];
  json?: boolean;
  open?: boolean;
  index: boolean;
  color: boolean;
}

export function registerHeapDiff(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('diff')
    .summary('compare two or three snapshots: what leaks, who holds it')
    .description(
      'Compares heap snapshots, the oldest first: which classes grew and what their new objects keep, who holds them, ' +
        'which containers grew. Of one process by object, of two by class. With a third snapshot only what came after ' +
        'the first, was in the second and is still in the third counts as new: caches and work in progress drop out.',
    )
    .argument('<before>', 'the oldest .heapsnapshot')
    .argument('<after>', 'a later one')
    .argument('[last]', 'a still later one')
    .option('--by <what>', 'ids (object by object, one process only) or classes; default: ids where possible')
    .option('--top <count>', 'rows of each table, 1 to 10000', '10')
    .option('--filter <text>', 'only classes whose name has this text')
    .option(
      '--fail-on <limit>',
      "exit 4 when more than this was added: '+5%' or '+10MB' of the heap, 'Session>+100', 'Session>+1MB'; may be repeated",
      collect,
      [],
    )
    .option('-o, --out <file>', 'write here: .md .json .html; may be repeated', collect, [])
    .option('--json', 'print one JSON document, schema holter.heap-diff/1')
    .option('--open', 'open the page in the browser')
    .option('--no-index', 'neither read nor write the indexes beside the files')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
"keeps" are bytes of new objects that the new instances of a class hold alive, each byte once. What belongs to a class of
the program is not counted for its strings, arrays and Maps again, so what leaks comes first.

Examples:
  holter heap diff before.heapsnapshot after.heapsnapshot
  holter heap diff 1.heapsnapshot 2.heapsnapshot 3.heapsnapshot --filter Session
  holter heap diff main.heapsnapshot branch.heapsnapshot --by classes --fail-on '+5%' -o heap.md`,
    )
    .action(
      async (before: string, after: string, last: string | undefined, options: HeapDiffCommandOptions) =>
        setExit(await runHeapDiff([before, after, ...(last === undefined ? [] : [last])], options)),
    );
}

async function runHeapDiff(files: string[], options: HeapDiffCommandOptions): Promise<ExitCode> {
  const top = parseCount(options.top, '--top', { min: 1, max: 10_000 });
  const by =
    options.by === undefined ? undefined : parseChoice(options.by, '--by', ['ids', 'classes'] as const);
  const wrong = options.out.find((file) => !/\.(html?|md|markdown|json)$/i.test(file));
  if (wrong !== undefined)
    throw new HolterError('E_USAGE', `a comparison cannot be written as ${wrong}`, {
      hint: '.html, .md or .json',
    });
  const { findBreaches, parseHeapLimit } = await import('../heap/difference-limit.ts');
  const limits = options.failOn.map(parseHeapLimit);
  const [{ openHeapFile }, { compareHeaps }] = await Promise.all([
    import('./open-heap-file.ts'),
    import('../heap/compare-heaps.ts'),
  ]);
  const heaps: Awaited<ReturnType<typeof openHeapFile>>[] = [];
  for (const file of files) heaps.push(await openHeapFile(file, { index: options.index }));
  const [before, after, third] = heaps;
  const difference = compareHeaps(before!, after!, third, { ...(by === undefined ? {} : { by }), top });
  for (const key of ['beforeName', 'afterName', 'lastName'] as const)
    if (difference[key] !== undefined) difference[key] = shorten(difference[key]);
  const last = third ?? after!;
  const wanted = options.filter?.toLowerCase();
  const shown = {
    cwd: process.cwd(),
    top,
    classes:
      wanted === undefined
        ? difference.classes
        : difference.classes.filter(({ name }) => name.toLowerCase().includes(wanted)),
    filtered: wanted !== undefined,
    breaches: findBreaches(difference, limits),
    ...(limits.length === 0 ? {} : { limits: limits.map(({ text }) => text) }),
  };
  const json = async () =>
    (await import('../render/heap-diff-json.ts')).renderHeapDiffJson(difference, {
      ...shown,
      top: options.top === '10' ? 100 : top,
      idOf: (node) => last.snapshot.nodeId[node] as number,
    });
  const page = async () =>
    heapDiffPage(
      difference,
      shown.cwd,
      heaps.reduce((sum, { snapshot }) => sum + snapshot.bytes, 0),
      shown.breaches.map((await import('../render/heap-diff-text.ts')).breachText),
    );
  let pageFile = options.out.find((file) => /\.html?$/i.test(file));
  if (options.open && pageFile === undefined) {
    pageFile = temporaryPath('heap-diff', '.html');
    await mkdir(dirname(pageFile), { recursive: true, mode: 0o700 });
    await writePageFile(pageFile, await page());
  }
  for (const file of options.out) {
    if (/\.json$/i.test(file)) await writePageFile(file, await json());
    else if (/\.html?$/i.test(file)) await writePageFile(file, await page());
    else
      await writePageFile(
        file,
        (await import('../render/heap-diff-markdown.ts')).renderHeapDiffMarkdown(difference, shown),
      );
  }
  if (options.json) await print(await json());
  else {
    const { renderHeapDiff } = await import('../render/heap-diff-terminal.ts');
    await print(
      renderHeapDiff(
        difference,
        pageFile === undefined ? shown : { ...shown, page: shorten(pageFile) },
        terminalStyle(!options.color),
      ),
    );
  }
  if (options.open && pageFile !== undefined) openInBrowser(pageFile);
  return shown.breaches.length > 0 ? 4 : 0;
}

/** The self-contained page. */
async function heapDiffPage(
  difference: HeapDifference,
  cwd: string,
  fileBytes: number,
  warnings: string[],
): Promise<string> {
  const [{ buildHeapDifferencePage }, { renderHtmlPage }, { heapDiffHeadline }] = await Promise.all([
    import('../render/build-heap-page.ts'),
    import('../render/html-page.ts'),
    import('../render/heap-diff-text.ts'),
  ]);
  const headline = heapDiffHeadline(difference, cwd);
  return renderHtmlPage(
    buildHeapDifferencePage(difference, {
      verb: 'heap diff',
      holter: HOLTER_VERSION,
      cwd,
      headline,
      fileBytes,
      warnings,
    }),
  );
}
