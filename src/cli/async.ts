import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { buildSlowestRequest } from '../async/request-waterfall.ts';
import { buildThrownErrors } from '../async/thrown-errors.ts';
import { HolterError } from '../base/errors.ts';
import { openRecording } from '../recording/read-recording.ts';
import { createRecording, makeFolder, writePageFile } from '../recording/write-recording.ts';
import type { AsyncDocument } from '../render/async-document.ts';
import { renderAsyncJson } from '../render/async-json.ts';
import { renderAsync } from '../render/async-terminal.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { resolveTarget } from '../target/resolve.ts';
import { type StartedTarget, startTarget } from '../target/start.ts';
import { readTargetInfo } from '../target/target-info.ts';
import { asyncVisit } from '../visit/async-visit.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { type AsyncInput, asyncPage, readAsyncInput } from './async-input.ts';
import { openInBrowser } from './browser.ts';
import { parseCount, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shorten, temporaryPath } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface AsyncOptions {
  duration: string;
  stacks?: string;
  out: string[];
  json?: boolean;
  open?: boolean;
  force?: boolean;
  color: boolean;
}

/** `holter async`: which asynchronous operations there are, how long they wait, and why. */
export function registerAsync(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  program
    .command('async')
    .summary('what requests wait for: upstreams, files, names, timers, queues, and by which line')
    .description(
      'Records the asynchronous operations of a running process and says what its requests wait for: which upstream, file,\n' +
        'name, timer or queue, asked for by which line, how long, and how many at once; then the slowest request in order.\n' +
        'Of a process that serves no requests: what waits now, by the line that began it.',
    )
    .argument(
      '[target]',
      'pid, name, :port, inspector host:port or ws:// URL, recording folder; or -- node app.js …',
    )
    .option('-d, --duration <time>', 'how long to record, 500ms to 10m; Ctrl-C ends it early', '10s')
    .option('--stacks <count>', 'creating stacks per second, 0 (none) to 5000', '200')
    .option(
      '-o, --out <path>',
      'a folder for the recording (default: in the temporary directory), or FILE.html for the page, FILE.json; may be repeated',
      (path: string, before: string[]) => [...before, path],
      [],
    )
    .option('--json', 'print one JSON document, schema holter.async/1')
    .option('--open', 'open the page in the browser: waterfall, graph of waits, table')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
What it does to the target: opens its inspector on 127.0.0.1 for about 100 ms, then puts a recorder into the main thread
(async_hooks, diagnostics_channel, a wrapper of socket writes) and takes it out again. It costs about a quarter more CPU
per request meanwhile, follows about 200 requests a second and counts the others, and backs off when it costs more.

Examples:
  holter async 4711
  holter async :3000 -d 30s --open
  holter async api -o waits.html
  holter async api --stacks 0 --json
  holter async -- node server.js`,
    )
    .action(async (target: string | undefined, options: AsyncOptions) =>
      setExit(await runAsync(target, rest, options)),
    );
}

async function runAsync(
  target: string | undefined,
  command: readonly string[],
  options: AsyncOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.5, max: 600 });
  const stacks =
    options.stacks === undefined ? undefined : parseCount(options.stacks, '--stacks', { min: 0, max: 5000 });
  if ((target === undefined) === (command.length === 0))
    throw new HolterError(
      'E_USAGE',
      target === undefined ? 'no target given' : 'give a target or a command, not both',
      { hint: 'holter async <pid | name | :port>, or holter ps to see what runs' },
    );
  const { files, folder: out } = sortPaths(options.out);
  const isFile = target !== undefined && (await isRecording(target));
  if (isFile && out !== undefined)
    throw new HolterError('E_USAGE', `${out} names no page and no JSON file`, {
      hint: `holter async ${target} -o waits.html`,
    });
  const folder = isFile
    ? target
    : await capture(target, command, { seconds, stacks, force: options.force === true, out });
  const input = await readAsyncInput(await openRecording(folder));
  const page = await writeFiles(input, files, isFile ? undefined : join(folder, 'async.html'), options);
  const document = documentOf(input, page);
  await print(
    options.json ? renderAsyncJson(document) : renderAsync(document, terminalStyle(!options.color)),
  );
  if (options.open && page !== undefined) openInBrowser(page);
  return 0;
}

/** @throws HolterError E_USAGE */
function sortPaths(paths: readonly string[]): { files: string[]; folder: string | undefined } {
  const files = paths.filter((path) => /\.(?:html?|json)$/i.test(path));
  const folders = paths.filter((path) => !files.includes(path));
  if (folders.length > 1)
    throw new HolterError('E_USAGE', `two folders for one recording: ${folders.join(', ')}`, {
      hint: 'one folder, and files whose names end in .html or .json',
    });
  return { files, folder: folders[0] };
}

/**
 * Writes what `-o` asks for, and the page of a new recording into it; gives the path of the page.
 * @throws HolterError E_WRITE
 */
async function writeFiles(
  input: AsyncInput,
  files: readonly string[],
  inRecording: string | undefined,
  { open }: AsyncOptions,
): Promise<string | undefined> {
  const isJson = (path: string): boolean => /\.json$/i.test(path);
  for (const path of files.filter(isJson))
    await writePageFile(path, renderAsyncJson(documentOf(input, undefined)));
  const named = files.filter((path) => !isJson(path));
  const other = inRecording ?? (open ? temporaryPath(input.recording, '.html') : undefined);
  if (named.length === 0 && other === undefined) return undefined;
  const html = renderHtmlPage(asyncPage(input));
  for (const path of named) await writePageFile(path, html);
  if (named.length === 0 && other !== undefined) {
    await makeFolder(dirname(other));
    await writePageFile(other, html);
  }
  return named[0] ?? other;
}

async function capture(
  target: string | undefined,
  command: readonly string[],
  options: { seconds: number; stacks: number | undefined; force: boolean; out: string | undefined },
): Promise<string> {
  const signal = abortOnSignals();
  let started: StartedTarget | undefined;
  const progress = startProgress(`holter async ${target ?? command.join(' ')}`, options.seconds);
  try {
    let visited: VisitTarget;
    if (target === undefined) {
      progress.step('starting');
      started = await startTarget(command, signal);
      visited = { kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) };
    } else visited = await resolveTarget(target);
    const label =
      visited.kind === 'process' ? `${visited.info.name}-${visited.pid}` : new URL(visited.url).host;
    const writer = await createRecording(options.out ?? temporaryPath(label, ''));
    await asyncVisit(visited, {
      seconds: options.seconds,
      stacks: options.stacks,
      force: options.force,
      writer,
      holter: HOLTER_VERSION,
      signal,
      onStep: (what) => progress.step(what),
    });
    return writer.folder;
  } finally {
    progress.end();
    await started?.stop();
  }
}

function documentOf(
  { manifest, table, summary, folder }: AsyncInput,
  page: string | undefined,
): AsyncDocument {
  return {
    manifest: manifest!,
    summary,
    slowest: buildSlowestRequest(table),
    thrown: buildThrownErrors(table),
    resources: table.log.resources,
    recording: shorten(folder),
    ...(page === undefined ? {} : { page: shorten(page) }),
    next: manifest!.target.pid > 0 ? [`holter doctor ${manifest!.target.pid}`] : [],
  };
}

/** A bare word is a name before it is a folder, unless the folder is a recording. */
async function isRecording(target: string): Promise<boolean> {
  if (/^\d+$|^:|^(?:ws|http)s?:/.test(target)) return false;
  const entry = await stat(target).catch(() => undefined);
  if (entry?.isDirectory() !== true) return false;
  return (
    target.includes('/') || (await stat(join(target, 'recording.json')).catch(() => undefined)) !== undefined
  );
}
