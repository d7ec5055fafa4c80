import { readFile, rmdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { type ClassHistogram, compareHistograms } from '../heap/class-histogram.ts';
import { createRecording } from '../recording/write-recording.ts';
import {
  type HeapHistogramJson,
  type HistogramView,
  renderHeapHistogramJson,
} from '../render/heap-histogram-json.ts';
import { renderHeapHistogram } from '../render/heap-histogram-terminal.ts';
import { type CountedThread, histogramVisit } from '../visit/histogram-visit.ts';
import { agreeToNeed } from './heap-consent.ts';
import { resolveHeapTarget } from './heap-target.ts';
import { parseCount, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shellWord, shorten, temporaryPath } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface HistogramOptions {
  duration?: string;
  threads?: boolean;
  thread?: string;
  top: string;
  filter?: string;
  before?: string;
  out?: string;
  json?: boolean;
  force?: boolean;
  yes?: boolean;
  color: boolean;
}

export function registerHeapHistogram(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('histogram')
    .summary('count the objects of a running process by class, and what grows')
    .description(
      'Counts the objects of a running process by class, without a heap snapshot: a fifth of its pause, a sixth of its ' +
        'memory. With -d it counts twice and ranks what grew. No code of the program runs. Works on a stuck process.',
    )
    .argument('[target]', 'pid, name, :port or inspector URL')
    .option(
      '-d, --duration <time>',
      'count again after this time and rank what grew, 1s to 1h; Ctrl-C keeps the first',
    )
    .option('--before <file>', 'rank what grew since this earlier --json result')
    .option('--threads', 'worker threads too, each by itself')
    .option('--thread <which>', 'one thread: main, or a worker by number or name')
    .option('--top <rows>', 'rows to show', '20')
    .option(
      '--filter <text>',
      'only classes whose name or place holds this text; /…/ is a regular expression',
    )
    .option(
      '-o, --out <folder>',
      'keep the recording here (default: a new folder in the temporary directory)',
    )
    .option('--json', 'print one JSON document, schema holter.heap-histogram/1, with all rows')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option('-y, --yes', 'agree to a pause over half a second, and insist where memory is short')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Plain objects are grouped by their properties, closures by name. Bytes are estimates of the objects themselves; entries
are array elements, Map and Set entries, bytes of Buffers, listeners of emitters. Each count begins with a full garbage
collection and stops the process about 14 ms per MB of used heap.

Examples:
  holter heap histogram 4711
  holter heap histogram :3000 -d 60s --yes
  holter heap histogram api --json > a.json; holter heap histogram api --before a.json`,
    )
    .action(async (target: string | undefined, options: HistogramOptions) =>
      setExit(await runHistogram(target, options)),
    );
}

async function runHistogram(given: string | undefined, options: HistogramOptions): Promise<ExitCode> {
  const seconds =
    options.duration === undefined ? 0 : parseDuration(options.duration, '--duration', { min: 1, max: 3600 });
  const top = parseCount(options.top, '--top', { min: 1, max: 10_000 });
  const matches = parseFilter(options.filter);
  const earlier = options.before === undefined ? undefined : await readBefore(options.before);
  if (options.threads === true && options.thread !== undefined)
    throw new HolterError('E_USAGE', 'give --threads or --thread, not both');
  const { target, label } = await resolveHeapTarget(given, 'holter heap histogram');
  const signal = abortOnSignals();
  const progress = startProgress(`holter heap histogram ${given}`, undefined);
  const who = shellWord(target.kind === 'process' ? String(target.pid) : given!);
  const writer = await createRecording(options.out ?? temporaryPath(label, ''));
  try {
    const { threads, manifest } = await histogramVisit(target, {
      seconds,
      thread: options.threads === true ? 'all' : (options.thread ?? 'main'),
      writer,
      force: options.force === true,
      signal,
      holter: HOLTER_VERSION,
      onStep: (what) => progress.step(what),
      agree: (need) =>
        agreeToNeed(need, {
          yes: options.yes === true,
          counts: seconds > 0 ? 2 : 1,
          signal,
          progress,
          histogram: '',
        }),
    });
    progress.end();
    const views = threads.map((thread) => viewOf(thread, earlier, matches));
    const notes = [...new Set([...(manifest.notes ?? []), ...views.flatMap(({ count }) => count.notes)])];
    if (earlier !== undefined && !manifest.target.startedAt.startsWith(earlier.target.startedAt))
      notes.unshift(
        `${options.before} is of another process (${earlier.target.pid}): classes are compared by name.`,
      );
    const hasGrowth = views.some(({ growth }) => growth !== undefined);
    const document = {
      threads: views,
      manifest,
      top,
      filter: options.filter ?? '',
      recording: shorten(writer.folder),
      notes,
      next: hasGrowth
        ? [`holter heap sample ${who} -d 30s --open`, `holter heap snapshot ${who}`]
        : [`holter heap histogram ${who} -d 60s`, `holter heap snapshot ${who}`],
    };
    await print(
      options.json
        ? renderHeapHistogramJson(document)
        : renderHeapHistogram(document, terminalStyle(!options.color)),
    );
    return 0;
  } catch (error) {
    // Empty, when nothing was counted.
    await rmdir(writer.folder).catch(() => {});
    throw error;
  } finally {
    progress.end();
  }
}

type Matcher = (row: { name: string; place: string }) => boolean;

function viewOf(
  { thread, counts }: CountedThread,
  earlier: HeapHistogramJson | undefined,
  matches: Matcher,
): HistogramView {
  const count = counts.at(-1)!;
  const before =
    counts.length > 1 ? counts[0] : earlier?.threads.find((view) => view.thread === thread)?.count;
  if (before === undefined) return { thread, count: filtered(count, matches) };
  const growth = compareHistograms(before, count);
  return {
    thread,
    count: filtered(count, matches),
    before: filtered(before, matches),
    growth: { ...growth, rows: growth.rows.filter(matches) },
  };
}

function filtered(count: ClassHistogram, matches: Matcher): ClassHistogram {
  return { ...count, rows: count.rows.filter(matches) };
}

/** @throws HolterError E_USAGE for a broken regular expression */
function parseFilter(text: string | undefined): Matcher {
  if (text === undefined) return () => true;
  const expression = /^\/(.*)\/([iu]*)$/s.exec(text);
  if (expression === null) {
    const wanted = text.toLowerCase();
    return ({ name, place }) => `${name}\n${place}`.toLowerCase().includes(wanted);
  }
  try {
    const pattern = new RegExp(expression[1]!, expression[2]);
    return ({ name, place }) => pattern.test(name) || pattern.test(place);
  } catch (error) {
    throw new HolterError('E_USAGE', `--filter ${text}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws HolterError E_FILE_NOT_FOUND, E_FILE_FORMAT */
async function readBefore(path: string): Promise<HeapHistogramJson> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new HolterError('E_FILE_NOT_FOUND', `cannot read ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  let document: Partial<HeapHistogramJson> | undefined;
  try {
    document = JSON.parse(text) as Partial<HeapHistogramJson>;
  } catch {
    document = undefined;
  }
  const isWhole =
    document?.schema === 'holter.heap-histogram/1' &&
    Array.isArray(document.threads) &&
    document.threads.every((view) => Array.isArray(view?.count?.rows)) &&
    typeof document.target?.startedAt === 'string';
  if (!isWhole)
    throw new HolterError('E_FILE_FORMAT', `${path} is no result of holter heap histogram --json`, {
      hint: 'holter heap histogram <target> --json > FILE',
    });
  if (document!.filter !== '')
    throw new HolterError('E_FILE_FORMAT', `${path} was made with --filter and lacks the other classes`);
  return document as HeapHistogramJson;
}
