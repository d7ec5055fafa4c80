import { rmdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { createRecording } from '../recording/write-recording.ts';
import { renderHeapSnapshotJson } from '../render/heap-snapshot-json.ts';
import { renderHeapSnapshot } from '../render/heap-snapshot-terminal.ts';
import { snapshotVisit } from '../visit/snapshot-visit.ts';
import { agreeToNeed } from './heap-consent.ts';
import { resolveHeapTarget } from './heap-target.ts';
import { parseCount, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shellWord, shorten, temporaryPath } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface SnapshotOptions {
  out?: string;
  duration?: string;
  count?: string;
  gc?: boolean;
  thread: string;
  json?: boolean;
  force?: boolean;
  yes?: boolean;
  color: boolean;
}

const FILE = 'heap.heapsnapshot';
const DEFAULT_SECONDS = 30;

export function registerHeapSnapshot(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('snapshot')
    .summary('take a heap snapshot of a running process, if it survives it')
    .description(
      'Takes a heap snapshot of a running process and streams it to disk (0600). Says first how long the process will ' +
        'stand still and how much memory that takes, and refuses what would kill it. Works on a process stuck in JavaScript.',
    )
    .argument('[target]', 'pid, name, :port or inspector URL')
    .option(
      '-o, --out <path>',
      'x.heapsnapshot, x.heapsnapshot.gz, or a folder for the recording (default: a new folder in the temporary directory)',
    )
    .option(
      '-d, --duration <time>',
      'take a second one after this time, 1s to 1h, to be compared object by object',
    )
    .option(
      '-n, --count <number>',
      'take so many, --duration (default 30s) apart; three tell a leak from a cache',
    )
    .option('--thread <which>', 'main, or a worker thread by number or name', 'main')
    .option('--gc', 'collect garbage and let finalizers run before; V8 itself collects in any case')
    .option('--json', 'print one JSON document, schema holter.heap-snapshot/1')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option('-y, --yes', 'agree to a pause over half a second, and insist where memory is short')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
What it costs the process: it stands still about 70 ms per MB of used heap (Node 18: 0.6 s) and takes about 13 times the
heap in memory meanwhile. holter heap histogram costs a fifth of the pause and a sixth of the memory: try that first.
Objects are numbered anew after every visit: only snapshots taken in one (-d, -n) can be compared object by object, others
by class. The file holds every string of the process: passwords, tokens, customers. It is readable by you alone; keep it so.

Examples:
  holter heap snapshot 4711
  holter heap snapshot :3000 -d 60s --yes
  holter heap snapshot :3000 -o before.heapsnapshot.gz --yes
  holter heap snapshot api --thread 3 -o ./evidence`,
    )
    .action(async (target: string | undefined, options: SnapshotOptions) =>
      setExit(await runSnapshot(target, options)),
    );
}

async function runSnapshot(given: string | undefined, options: SnapshotOptions): Promise<ExitCode> {
  const file =
    options.out !== undefined && /\.heapsnapshot(\.gz)?$/i.test(options.out) ? options.out : undefined;
  if (
    file === undefined &&
    options.out !== undefined &&
    /\.[a-z]\w*$/i.test(options.out) &&
    !options.out.endsWith('/')
  )
    throw new HolterError('E_USAGE', `-o ${options.out}: neither a heap snapshot nor a folder`, {
      hint: 'x.heapsnapshot, x.heapsnapshot.gz, or a folder',
    });
  const seconds =
    options.duration === undefined
      ? DEFAULT_SECONDS
      : parseDuration(options.duration, '--duration', { min: 1, max: 3600 });
  const count =
    options.count === undefined
      ? options.duration === undefined
        ? 1
        : 2
      : parseCount(options.count, '--count', { min: 1, max: 10 });
  const names = (path: string): string[] =>
    count === 1
      ? [path]
      : Array.from({ length: count }, (_, index) =>
          path.replace(/(?=\.heapsnapshot(\.gz)?$)/i, `-${index + 1}`),
        );
  const { target, label } = await resolveHeapTarget(given, 'holter heap snapshot');
  const signal = abortOnSignals();
  const progress = startProgress(`holter heap snapshot ${given}`, undefined);
  const who = target.kind === 'process' ? String(target.pid) : given!;
  let made: string | undefined;
  try {
    const to =
      file === undefined
        ? { writer: await createRecording(options.out ?? temporaryPath(label, '')), names: names(FILE) }
        : { paths: names(file) };
    made = 'writer' in to ? to.writer.folder : undefined;
    const { taken, manifest } = await snapshotVisit(target, {
      thread: options.thread,
      collect: options.gc === true,
      to,
      seconds: count === 1 ? 0 : seconds,
      force: options.force === true,
      signal,
      holter: HOLTER_VERSION,
      onStep: (what) => progress.step(what),
      agree: (need) =>
        agreeToNeed(need, {
          yes: options.yes === true,
          counts: count,
          signal,
          progress,
          histogram: `holter heap histogram ${who}`,
        }),
    });
    progress.end();
    const paths = taken.snapshots.map(({ path }) => shorten(path));
    const words = paths.map(shellWord);
    const document = {
      taken,
      manifest,
      paths,
      next:
        words.length > 1
          ? [
              `holter heap diff ${words.slice(0, 3).join(' ')}`,
              `holter heap suspects ${words.at(-1)} --before ${words[0]}`,
            ]
          : [
              `holter heap suspects ${words[0]}`,
              `holter heap show ${words[0]}`,
              `holter heap snapshot ${shellWord(who)} -d 60s`,
            ],
      recording: made,
    };
    await print(
      options.json
        ? renderHeapSnapshotJson(document)
        : renderHeapSnapshot(document, terminalStyle(!options.color)),
    );
    return 0;
  } catch (error) {
    // Empty, when there is no snapshot.
    if (made !== undefined) await rmdir(made).catch(() => {});
    throw error;
  } finally {
    progress.end();
  }
}
