import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { formatBytes, formatNumber } from '../base/quantity.ts';
import type { Heap } from '../heap/heap.ts';
import type { SuspectReport } from '../heap/suspect.ts';
import type { HeapSuspectsView } from '../render/heap-suspects-terminal.ts';
import { collect } from './cpu.ts';
import { parseCount, terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';
import { shorten } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

interface HeapSuspectsOptions {
  before?: string;
  top: string;
  failOn?: string;
  out: string[];
  json?: boolean;
  index: boolean;
  color: boolean;
}

export function registerHeapSuspects(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('suspects')
    .summary('judge a snapshot: what fills it, who holds it, which line')
    .description(
      'Looks for what is wrong in a heap snapshot: objects that accumulate and who holds them, duplicate strings, closures, ' +
        'timers, listeners, promises that wait, memory outside the heap, waste, packages and modules loaded twice; ' +
        'with --before also what grew. Ordered by the bytes it explains.',
    )
    .argument('<file>', 'a .heapsnapshot, .gz or .zst of it')
    .option('--before <file>', 'an older snapshot of the same program: what grew since')
    .option('--top <count>', 'suspects shown, 1 to 100', '10')
    .option('--fail-on <limit>', 'exit 4 when a suspect explains at least this: 20% of the heap, or 100MB')
    .option('-o, --out <file>', 'write here: .html .md .json; may be repeated', collect, [])
    .option('--json', 'print one JSON document, schema holter.heap-suspects/1')
    .option('--no-index', 'neither read nor write the index beside the file')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Examples:
  holter heap suspects orders.heapsnapshot
  holter heap suspects orders-2.heapsnapshot --before orders-1.heapsnapshot
  holter heap suspects ci.heapsnapshot --fail-on 20% --json`,
    )
    .action(async (file: string, options: HeapSuspectsOptions) => setExit(await runSuspects(file, options)));
}

async function runSuspects(file: string, options: HeapSuspectsOptions): Promise<ExitCode> {
  const top = parseCount(options.top, '--top', { min: 1, max: 100 });
  const limit = options.failOn === undefined ? undefined : parseLimit(options.failOn);
  const wrong = options.out.find((path) => !/\.(?:html?|md|markdown|json)$/i.test(path));
  if (wrong !== undefined)
    throw new HolterError('E_USAGE', `suspects cannot be written as ${wrong}`, {
      hint: '.html, .md or .json',
    });
  const [{ openHeapFile }, { findSuspects }, { renderHeapSuspects }, { renderHeapSuspectsJson }] =
    await Promise.all([
      import('./open-heap-file.ts'),
      import('../heap/find-suspects.ts'),
      import('../render/heap-suspects-terminal.ts'),
      import('../render/heap-suspects-json.ts'),
    ]);
  const verb = 'holter heap suspects';
  const heap = await openHeapFile(file, { verb, index: options.index });
  const before =
    options.before === undefined
      ? undefined
      : await openHeapFile(options.before, { verb, index: options.index });
  const minutes = options.before === undefined ? undefined : await minutesBetween(options.before, file);
  const report = findSuspects(heap, {
    limit: 1000,
    ...(before === undefined ? {} : { before }),
    ...(minutes === undefined ? {} : { minutesBetween: minutes }),
  });
  const idOf = (node: number): number => heap.snapshot.nodeId[node] as number;
  const first = report.suspects[0]?.nodes[0];
  const { snapshot } = heap;
  const view: HeapSuspectsView = {
    file: shorten(file),
    before: options.before === undefined ? '' : shorten(options.before),
    totalBytes: (snapshot.nodeCount === 0 ? 0 : heap.graph.retained.get(0)) + snapshot.extraNativeBytes,
    nodeCount: snapshot.nodeCount,
    report,
    top,
    cwd: process.cwd(),
    next: `holter heap show ${shorten(file)}${first === undefined ? '' : ` @${idOf(first)}`}`,
    largest: report.suspects.length > 0 ? '' : await largestClass(heap),
    partial: snapshot.partial,
  };
  const json = renderHeapSuspectsJson(view, idOf);
  if (options.out.length > 0) {
    const { writePageFile } = await import('../recording/write-recording.ts');
    const { renderHeapSuspectsMarkdown } = await import('../render/heap-suspects-markdown.ts');
    for (const path of options.out)
      if (/\.html?$/i.test(path)) await writePageFile(path, await makePage(heap, view));
      else await writePageFile(path, /\.json$/i.test(path) ? json : renderHeapSuspectsMarkdown(view));
  }
  await print(options.json ? json : renderHeapSuspects(view, terminalStyle(!options.color)));
  return limit !== undefined && isOver(report, limit) ? 4 : 0;
}

/** The page of the snapshot, with these suspects. */
async function makePage(heap: Heap, view: HeapSuspectsView): Promise<string> {
  const [{ buildHeapPage }, { renderHtmlPage }, { summariseHeap }] = await Promise.all([
    import('../render/build-heap-page.ts'),
    import('../render/html-page.ts'),
    import('../heap/summarise-heap.ts'),
  ]);
  return renderHtmlPage(
    buildHeapPage(heap, summariseHeap(heap, { top: 100 }), {
      verb: 'heap suspects',
      file: view.file,
      holter: HOLTER_VERSION,
      cwd: view.cwd,
      suspects: view.report,
      next: [{ command: view.next, note: 'the first of them' }],
    }),
  );
}

interface Limit {
  share?: number;
  bytes?: number;
}

/** `20%`, `100MB`. @throws HolterError E_USAGE */
function parseLimit(text: string): Limit {
  const match = /^(\d+(?:\.\d+)?)\s*(%|B|kB|KB|MB|GB)$/.exec(text.trim());
  const factor = { '%': 0.01, B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 }[match?.[2] ?? ''];
  if (match === null || factor === undefined)
    throw new HolterError('E_USAGE', `--fail-on ${JSON.stringify(text)} is no limit`, {
      hint: '--fail-on 20%   or   --fail-on 100MB',
    });
  const value = Number(match[1]) * factor;
  return match[2] === '%' ? { share: value } : { bytes: value };
}

function isOver({ suspects }: SuspectReport, { share, bytes }: Limit): boolean {
  return suspects.some(
    (suspect) =>
      (share !== undefined && suspect.share >= share) || (bytes !== undefined && suspect.bytes >= bytes),
  );
}

/** By when the files were written; undefined when that is no time between two snapshots (copies, checkouts). */
async function minutesBetween(before: string, after: string): Promise<number | undefined> {
  const [older, newer] = await Promise.all([stat(before), stat(after)]);
  const minutes = (newer.mtimeMs - older.mtimeMs) / 60_000;
  return minutes >= 0.05 && minutes <= 30 * 24 * 60 ? minutes : undefined;
}

/** Of the program's own classes, the one that keeps most. */
async function largestClass(heap: Heap): Promise<string> {
  const { tierOfClass } = await import('../heap/compare-kept.ts');
  const { classes } = heap;
  let best = -1;
  for (let row = 0; row < classes.count; row++) {
    const at = classes.location[row] as number;
    const node = at < 0 ? -1 : (heap.snapshot.locations.node[at] as number);
    if (node < 0 || heap.scripts.packageOf(node) === 'node') continue;
    if (tierOfClass(classes.name[row] as string) !== 0) continue;
    if (best < 0 || (classes.retained[row] as number) > (classes.retained[best] as number)) best = row;
  }
  if (best < 0) return '';
  return `${classes.name[best]} × ${formatNumber(classes.instances[best] as number)}, ${formatBytes(classes.retained[best] as number)}`;
}
