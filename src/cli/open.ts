import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { judge } from '../doctor/judge.ts';
import { readEvidence } from '../doctor/read-evidence.ts';
import { openRecording, type Recording } from '../recording/read-recording.ts';
import { makeFolder, writePageFile } from '../recording/write-recording.ts';
import { buildPageData } from '../render/build-page-data.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { openInBrowser } from './browser.ts';
import { parseCount } from './options.ts';
import { print } from './outcome.ts';
import { temporaryPath } from './paths.ts';
import { profilePage } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';
import { HOLTER_VERSION } from './version.ts';

export function registerOpen(program: Command): void {
  program
    .command('open')
    .summary('open a recording, a profile or a heap snapshot in the page')
    .description(
      'Makes the page of a recording or of a profile file of any known format and opens it in the browser; prints its ' +
        'path. A heap snapshot is served instead, because its page asks about single objects: on 127.0.0.1 only, at an ' +
        'address with a secret in it, until Ctrl-C. With -o it is a page with the summary.',
    )
    .argument('<path>', 'folder written by holter, a profile file, an async.json or a heap snapshot')
    .option('-o, --out <file>', 'write the page here (default: beside the recording; of a file: temporary)')
    .option('--port <port>', 'serve a heap snapshot here (default: a free port)')
    .option('--no-index', 'neither read nor write the index beside a heap snapshot')
    .addHelpText(
      'after',
      '\nExamples:\n  holter open ./evidence\n  holter open app.cpuprofile\n  holter open ./evidence -o /tmp/page.html\n  holter open app.heapsnapshot',
    )
    .action(async (path: string, options: OpenOptions) => {
      const snapshot = await findSnapshot(path);
      if (snapshot !== undefined) {
        // The reader of heaps is loaded only when there is one.
        const heap = await import('./open-heap-page.ts');
        if (options.out === undefined) return heap.serveHeapPage(snapshot, portAndIndex(options));
        await heap.writeHeapPage(snapshot, options.out, options.index);
        await print(`${options.out}\n`);
        if (process.stdout.isTTY) openInBrowser(options.out);
        return;
      }
      const page = await makePage(path, options.out);
      await print(`${page}\n`);
      if (process.stdout.isTTY) openInBrowser(page);
    });
}

interface OpenOptions {
  out?: string;
  port?: string;
  index: boolean;
}

function portAndIndex({ port, index }: OpenOptions): { port?: number; index: boolean } {
  if (port === undefined) return { index };
  return { index, port: parseCount(port, '--port', { min: 0, max: 65_535 }) };
}

/** The heap snapshot that a path means: the file itself, or the last one of a recording that has nothing else. */
async function findSnapshot(path: string): Promise<string | undefined> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) return undefined;
  if (!entry.isDirectory())
    return /\.heapsnapshot(\.gz|\.zst)?$/i.test(path) || (await beginsAs(path, SNAPSHOT)) ? path : undefined;
  const recording = await openRecording(path);
  const last = recording.list('heap-snapshot').at(-1);
  return last === undefined || recording.list('vitals').length > 0 ? undefined : join(path, last.name);
}

/** What V8 writes first, and what the recorder of waits does. */
const SNAPSHOT = /^\ufeff?\s*\{\s*"snapshot"\s*:/;
const ASYNC_LOG = /^\s*\{\s*"schema"\s*:\s*"holter\.async-log\//;

/** Whatever the file is called. */
async function beginsAs(path: string, pattern: RegExp): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return pattern.test(buffer.toString('utf8', 0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

async function makePage(path: string, out: string | undefined): Promise<string> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const recording = isFolder ? await openRecording(path) : undefined;
  if (recording !== undefined && recording.list('vitals').length > 0) return makeDoctorPage(recording, out);
  if (recording === undefined ? await beginsAs(path, ASYNC_LOG) : isOfWaits(recording))
    return makeAsyncPage(recording, path, out);
  const input = await readProfileInput(path);
  const verb = input.load === undefined ? 'cpu' : 'flame';
  const file = out ?? (isFolder ? join(path, `${verb}.html`) : temporaryPath(path, '.html'));
  await writePageFile(file, renderHtmlPage(profilePage(input, verb)));
  return file;
}

/** A recording of `holter async`: it has no profile, which would be the page otherwise. */
function isOfWaits(recording: Recording): boolean {
  return recording.list('async').length > 0 && recording.list('cpu-profile').length === 0;
}

/** `recording` undefined: the file is an async.json; the recording it lies in says more about it. */
async function makeAsyncPage(
  recording: Recording | undefined,
  path: string,
  out: string | undefined,
): Promise<string> {
  const { asyncPage, readAsyncFile, readAsyncInput } = await import('./async-input.ts');
  const around = recording ?? (await openRecording(dirname(path)).catch(() => undefined));
  const isListed = around?.list('async').some(({ name }) => name === basename(path)) === true;
  const input =
    around !== undefined && (recording !== undefined || isListed)
      ? await readAsyncInput(around)
      : await readAsyncFile(path);
  const file = out ?? (recording === undefined ? temporaryPath(path, '.html') : join(path, 'async.html'));
  await makeFolder(dirname(file));
  await writePageFile(file, renderHtmlPage(asyncPage(input)));
  return file;
}

async function makeDoctorPage(recording: Recording, out: string | undefined): Promise<string> {
  const { folder } = recording;
  const { evidence, problems } = await readEvidence(recording);
  const report = judge(evidence);
  report.gaps.push(...problems);
  let bytes = 0;
  for (const file of recording.manifest.files)
    bytes += await stat(join(folder, file.name)).then(
      ({ size }) => size,
      () => 0,
    );
  const name = folder.replace(/\/+$/, '').split('/').at(-1) ?? folder;
  const path = out ?? join(folder, 'doctor.html');
  await writePageFile(
    path,
    renderHtmlPage(buildPageData(evidence, report, { name, bytes, holter: HOLTER_VERSION })),
  );
  return path;
}
