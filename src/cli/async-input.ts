import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type AsyncLog, readAsyncLog } from '../async/async-log.ts';
import { buildOperations, type OperationTable } from '../async/build-operations.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import { buildSiteBook } from '../async/site-book.ts';
import type { WaitSummary } from '../async/wait-summary.ts';
import { HolterError } from '../base/errors.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { Recording } from '../recording/read-recording.ts';
import { buildAsyncPage } from '../render/build-async-page.ts';
import type { AsyncPage } from '../render/page-data.ts';
import { openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { shellWord } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

/** Asynchronous operations read into models, from a recording or from its `async.json` alone. */
export interface AsyncInput {
  /** Undefined: only the log was given. */
  manifest: RecordingManifest | undefined;
  /** Path that was read, and its name. */
  folder: string;
  recording: string;
  bytes: number;
  cwd: string;
  book: SourceBook | undefined;
  table: OperationTable;
  summary: WaitSummary;
}

/**
 * Reads the asynchronous operations of a recording.
 * @throws HolterError E_FILE_FORMAT when it holds none
 */
export async function readAsyncInput(recording: Recording): Promise<AsyncInput> {
  const { manifest, folder } = recording;
  const file = recording.list('async')[0];
  if (file === undefined)
    throw new HolterError('E_FILE_FORMAT', `${folder} holds no asynchronous operations`, {
      hint: `see what it holds: holter open ${shellWord(folder)}`,
    });
  const log = readAsyncLog((await recording.read(file)).toString('utf8'), file.name);
  const roots = [manifest.target.cwd].filter((path) => path !== '');
  const sourcesFile = recording.list('sources')[0];
  const sources =
    sourcesFile === undefined
      ? undefined
      : openSources(JSON.parse((await recording.read(sourcesFile)).toString('utf8')) as SourcesFile, {
          roots,
        });
  let bytes = 0;
  for (const { name } of manifest.files)
    bytes += await stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    );
  return {
    manifest,
    folder,
    recording: basename(folder),
    bytes,
    cwd: manifest.target.cwd,
    book: sources?.book,
    ...read(log, sources?.maps, roots),
  };
}

/**
 * Reads an `async.json` that lies somewhere else: no source maps, no texts, nothing about the process.
 * @throws HolterError E_FILE_FORMAT
 */
export async function readAsyncFile(path: string): Promise<AsyncInput> {
  const text = await readFile(path, 'utf8');
  return {
    manifest: undefined,
    folder: path,
    recording: basename(path),
    bytes: Buffer.byteLength(text),
    cwd: '',
    book: undefined,
    ...read(readAsyncLog(text, basename(path)), undefined, []),
  };
}

function read(
  log: AsyncLog,
  maps: Parameters<typeof buildSiteBook>[1],
  roots: readonly string[],
): Pick<AsyncInput, 'table' | 'summary'> {
  const table = buildOperations(log, buildSiteBook(log, maps, { roots }));
  return { table, summary: buildWaitSummary(table) };
}

/** The page of what was read. */
export function asyncPage(input: AsyncInput): AsyncPage {
  const { manifest, folder, recording } = input;
  const pid = manifest?.target.pid ?? 0;
  const { table, summary, cwd, book } = input;
  return buildAsyncPage({
    table,
    summary,
    cwd,
    book,
    recording,
    ...(manifest === undefined ? {} : { manifest }),
    name: manifest?.target.name ?? recording,
    holter: HOLTER_VERSION,
    recordingBytes: input.bytes,
    next: [
      ...(pid > 0
        ? [{ command: `holter doctor ${pid}`, note: 'whether that is a problem, and what to do about it' }]
        : []),
      ...(manifest === undefined
        ? []
        : [{ command: `holter async ${shellWord(folder)} --json`, note: 'all groups, for a program' }]),
    ],
  });
}
