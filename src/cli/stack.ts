import { type Command, Option } from 'commander';
import { HolterError } from '../base/errors.ts';
import { formatDuration } from '../base/quantity.ts';
import { compareLooks, type Look } from '../postmortem/compare-looks.ts';
import type { StackReport } from '../postmortem/stack-frame.ts';
import { RESTLESS } from '../postmortem/thread-work.ts';
import type { StackDocument } from '../render/stack-document.ts';
import { partyOfFrame } from '../render/stack-names.ts';
import { hotFrame } from '../render/stack-rows.ts';
import { frameWord } from './core-options.ts';
import { parseCount, parseDuration } from './options.ts';
import { abortOnSignals, type ExitCode } from './outcome.ts';
import { openLive } from './stack-image.ts';
import { excerptOf, presentStack, refuseStackOutputs, type StackViewOptions } from './stack-output.ts';

interface StackOptions extends StackViewOptions {
  repeat?: string | true;
  every: string;
  interval?: string;
  async?: boolean;
  yes?: boolean;
}

/** From here on a pause is announced, and asked about on a terminal. */
const TELL_FROM_MS = 100;
const ASK_FROM_MS = 500;

/** `holter stack`: what every thread of a live process does right now. */
export function registerStack(program: Command, setExit: (code: ExitCode) => void): void {
  program
    .command('stack')
    .summary('what it is doing right now: JavaScript and native stacks of every thread')
    .description(
      'Stops the process for some milliseconds, reads its memory, lets it go on, and prints the stack of every thread:\n' +
        'JavaScript and native frames, workers too. Nothing has to be prepared, and no inspector is opened: it works on a\n' +
        'process that spins, waits in a lock or a system call, or collects garbage. Node 18 to 26, Linux x64.',
    )
    .argument('<target>', 'pid, name or :port')
    .option('--repeat [count]', 'look again, 2 times or so many, and say what moves and what does not')
    .option('--every <time>', 'time between two looks, 50ms to 10m', '1s')
    .option('--threads', 'all threads with their frames, idle ones too')
    .option('--frames <count>', 'so many frames of each thread, none folded')
    .option('--values', 'this and the arguments of your functions')
    .addOption(new Option('--locals', 'the same as --values').hideHelp())
    .addOption(new Option('--interval <time>', 'the same as --every').hideHelp())
    .option('--async', 'functions that wait for this one too (at async …)')
    .option('--raw', 'addresses, frame pointers and tiers of all frames')
    .option('-o, --out <file>', 'write here: .md .json; may be repeated', collectPaths, [])
    .option('--json', 'print one JSON document, schema holter.stack/1')
    .option('--yes', 'do not ask, whatever the pause')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
yours = your code, dep = of node_modules, core = Node's own JavaScript, native = C and C++, v8 = built into the engine.
"near" before a place: optimised code, the line may be some lines off. A process that was stopped before is left stopped.

Examples:
  holter stack 4711
  holter stack :3000 --repeat 5 --every 500ms
  holter stack api-gateway --values
  holter stack 4711 --threads --json`,
    )
    .action(async (target: string, options: StackOptions) => setExit(await runStack(target, options)));
}

/** For options that may be repeated. */
export function collectPaths(value: string, before: string[]): string[] {
  return [...before, value];
}

async function runStack(target: string, options: StackOptions): Promise<ExitCode> {
  const count =
    options.repeat === undefined
      ? 1
      : options.repeat === true
        ? 2
        : parseCount(options.repeat, '--repeat', { min: 2, max: 1000 });
  const everyMs = 1000 * parseDuration(options.interval ?? options.every, '--every', { min: 0.05, max: 600 });
  const frames =
    options.frames === undefined
      ? undefined
      : parseCount(options.frames, '--frames', { min: 1, max: 100_000 });
  refuseStackOutputs(options.out);
  const signal = abortOnSignals();
  const live = await openLive(target, 'holter stack', signal);
  const values = options.values === true || options.locals === true;
  if (!(await agreeToPause(live.info.threads, count, live, options.yes === true, signal))) return 1;
  const [{ readStacks }, { buildStackReport }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
  ]);
  const looks: (Look & { pausedMs: number; wasStopped: boolean })[] = [];
  const notes: string[] = [];
  const progress =
    count > 1 ? (await import('./progress.ts')).startProgress(`stack ${live.word}`, undefined) : undefined;
  try {
    while (looks.length < count) {
      if (looks.length > 0) await pause(everyMs - (performance.now() - looks.at(-1)!.at), signal);
      if (signal.aborted) break;
      progress?.step(`look ${looks.length + 1} of ${count}`);
      const look = await live.look((v8) =>
        buildStackReport(v8, readStacks(v8, { values, async: options.async === true })),
      );
      looks.push({
        at: look.at,
        report: look.result,
        pausedMs: look.pausedMs ?? 0,
        wasStopped: look.wasStopped,
      });
    }
  } catch (error) {
    // A process that ends between two looks was still seen in those before.
    if (looks.length === 0 || !(error instanceof HolterError)) throw error;
    notes.push(`only ${looks.length} of ${count} looks: ${error.message}`);
  } finally {
    progress?.end();
    live.close();
  }
  const last = looks.at(-1);
  if (last === undefined) throw new HolterError('E_INTERRUPTED', 'stopped before the first look');
  const { addOriginalPlaces } = await import('../postmortem/stack-sources.ts');
  const sources = await addOriginalPlaces(
    looks.map(({ report }) => report),
    live.readFile,
    [live.cwd],
  );
  last.report.problems.push(...notes, ...sources.notes, ...(await restlessNotes(live.pid, last.report)));
  const excerpt = excerptOf(last.report, live.cwd, sources);
  const document: StackDocument = {
    verb: 'stack',
    report: last.report,
    target: { pid: live.pid, name: live.name, command: live.command, cwd: live.cwd },
    at: live.at,
    wasStopped: last.wasStopped,
    pausesMs: looks.map(({ pausedMs }) => pausedMs),
    movements: compareLooks(looks),
    ...(excerpt === undefined ? {} : { excerpt }),
    next: nextCommands(last.report, live.word, live.cwd, count, values),
    written: [],
  };
  await presentStack(document, options, {
    threads: options.threads === true,
    values,
    raw: options.raw === true,
    ...(frames === undefined ? {} : { frames }),
  });
  return signal.aborted && looks.length < count ? 1 : 0;
}

/** Who wakes a loop that turns without rest, as far as descriptors tell. */
async function restlessNotes(pid: number, report: StackReport): Promise<string[]> {
  if (!report.threads.some(({ state }) => state === RESTLESS)) return [];
  const { closedWatches } = await import('../linux/epoll-watches.ts');
  return closedWatches(pid)
    .slice(0, 5)
    .map(({ fd, holder }) => {
      const where =
        holder === undefined ? '' : `: process ${holder.pid} has it open (its descriptor ${holder.fd})`;
      return `descriptor ${fd} is closed, but the event loop is woken for it again and again${where}`;
    });
}

/** What to ask after this: whether it moves, with what values, what holds it. */
function nextCommands(
  report: StackReport,
  word: string,
  cwd: string,
  count: number,
  values: boolean,
): string[] {
  const main = report.threads.find(({ role }) => role === 'main');
  const busy = report.threads.find(({ isIdle }) => !isIdle);
  if (busy === undefined) return [`holter doctor ${word}`];
  const next: string[] = [];
  if (count === 1) next.push(`holter stack ${word} --repeat 5`);
  const hot = hotFrame(busy.frames, cwd);
  const frame = busy.frames[hot];
  if (frame !== undefined && partyOfFrame(frame, cwd) === 'yours') {
    if (!values) next.push(`holter stack ${word} --values`);
    next.push(
      `holter core frame ${word} ${frameWord({ kind: 'process' }, busy, hot)}${busy === main ? '' : ` --thread ${busy.tid}`}`,
    );
  } else next.push(`holter doctor ${word}`);
  return next.slice(0, 2);
}

/**
 * Says what a stop will cost before it is made: from half a second on a terminal is asked, and without one `--yes` is
 * needed. What it costs is mostly waiting until every thread has stopped.
 * @throws HolterError E_USAGE (nobody to ask)
 */
async function agreeToPause(
  threads: number,
  count: number,
  live: { pid: number; name: string },
  yes: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const expectedMs = estimatePauseMs(threads);
  const times = count > 1 ? `, ${count} times` : '';
  const text = `reading its stacks stops ${live.name} (${live.pid}, ${threads} threads) for about ${formatDuration(expectedMs)}${times}`;
  if (expectedMs < ASK_FROM_MS || yes) {
    if (expectedMs >= TELL_FROM_MS && process.stderr.isTTY) process.stderr.write(`${text}\n`);
    return true;
  }
  const { ask } = await import('./ask.ts');
  const answer = await ask(`${text}. Go on?`, signal);
  if (answer === undefined) throw new HolterError('E_USAGE', text, { hint: 'add --yes to agree' });
  return answer;
}

/** Measured on 5 to 500 threads: a part for the first answer, a part for each stack. */
export function estimatePauseMs(threads: number): number {
  return 25 + 1.5 * threads;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    signal.addEventListener('abort', end);
  });
}
