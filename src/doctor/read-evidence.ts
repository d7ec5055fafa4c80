import { type AsyncLog, readAsyncLog } from '../async/async-log.ts';
import { buildOperations } from '../async/build-operations.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import { readErrorLog } from '../async/error-log.ts';
import { buildErrorSites } from '../async/error-sites.ts';
import { type LeakLog, readLeakLog } from '../async/leak-log.ts';
import type { RequestTimes } from '../async/request-probe.ts';
import { buildSiteBook } from '../async/site-book.ts';
import { HolterError } from '../base/errors.ts';
import type { BlockStack, ExternalAllocation, StackFrame, StuckEvidence } from '../cpu/call-tree.ts';
import { type DeoptLog, readDeoptLog } from '../cpu/deopt-log.ts';
import type { BoxDeath } from '../metrics/box-death.ts';
import type { PoolRecording } from '../metrics/pool-recording.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { readVitals } from '../metrics/vitals-file.ts';
import type { WakersFile } from '../metrics/wakers-file.ts';
import type { NativeStacksFile } from '../perf/native-stacks.ts';
import { readCoreFile } from '../recording/core-evidence.ts';
import type { EvidenceKind } from '../recording/manifest.ts';
import type { Recording } from '../recording/read-recording.ts';
import { classifyLocation } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { BlockStacksFile, ExternalAllocationsFile, RawFrame, StuckFile } from '../visit/raw-stack.ts';
import type { Evidence } from './evidence.ts';
import { readKeptGrowth } from './kept-growth.ts';
import { parseEvidence, readRecordedProfiles } from './recorded-profiles.ts';

/**
 * Reads all evidence of a recording into models, source maps applied. Missing files are missing evidence; a damaged one
 * is left out and named in `problems`.
 * @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED when the vital signs themselves cannot be read
 */
export async function readEvidence(
  recording: Recording,
): Promise<{ evidence: Evidence; problems: string[] }> {
  const { manifest } = recording;
  const problems: string[] = [];
  const attempt = async <T>(name: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      problems.push(`${name}: ${error.message}`);
      return undefined;
    }
  };
  const readJson = async <T>(kind: EvidenceKind, schema: string): Promise<T | undefined> => {
    const file = recording.list(kind)[0];
    if (file === undefined) return undefined;
    return attempt(file.name, async () => parseEvidence<T>(await recording.read(file), schema, file.name));
  };

  const vitalsFile = recording.list('vitals')[0];
  if (vitalsFile === undefined)
    throw new HolterError('E_FILE_FORMAT', `${recording.folder} holds no vital signs`, {
      hint: `it may be a recording of profiles: holter cpu ${recording.folder}`,
    });
  const vitals: VitalSigns = readVitals((await recording.read(vitalsFile)).toString('utf8'));

  const { cpu, allocations, maps, book, roots, problems: unread } = await readRecordedProfiles(recording);
  problems.push(...unread);

  const blocks = await readJson<BlockStacksFile>('block-stacks', 'holter.block-stacks/1');
  const stuck = await readJson<StuckFile>('stuck', 'holter.stuck/1');
  const external = await readJson<ExternalAllocationsFile>(
    'external-allocations',
    'holter.external-allocations/1',
  );
  const native = await readJson<NativeStacksFile>('native-stacks', 'holter.native-stacks/1');
  const wakers = await readJson<WakersFile>('wakers', 'holter.wakers/1');
  const pool = await readJson<PoolRecording>('pool', 'holter.pool/1');
  const requestTimes = await readJson<RequestTimes>('requests', 'holter.requests/1');
  const box = await readJson<BoxDeath>('black-box', 'holter.box-evidence/1');
  const coreFile = recording.list('core')[0];
  const core =
    coreFile &&
    (await attempt(coreFile.name, async () =>
      readCoreFile((await recording.read(coreFile)).toString('utf8'), coreFile.name),
    ));
  const asyncLog = await readAsync(recording, attempt);
  const leaks = await readLeaks(recording, attempt);
  const deopts = await readDeopts(recording, attempt);
  const errorsFile = recording.list('errors')[0];
  const errorLog =
    errorsFile &&
    (await attempt(errorsFile.name, async () =>
      readErrorLog((await recording.read(errorsFile)).toString('utf8'), errorsFile.name),
    ));
  const kept = await readKeptGrowth(recording, problems);
  const place = (frames: readonly RawFrame[]) => frames.map((frame) => placeFrame(frame, maps, roots));
  return {
    problems,
    evidence: {
      manifest,
      vitals,
      main: cpu.find(({ file }) => (file.thread ?? 'main') === 'main')?.tree,
      workers: cpu
        .filter(({ file }) => (file.thread ?? 'main') !== 'main')
        .map(({ name, tree }) => ({ thread: name, tree })),
      allocation: allocations.find(({ file }) => file.name === 'live.heapprofile')?.tree,
      allocationAll: allocations.find(({ file }) => file.name === 'all.heapprofile')?.tree,
      blockStacks: (blocks?.stacks ?? []).map(
        (stack): BlockStack => ({ ...stack, frames: place(stack.frames) }),
      ),
      stuck: stuck === undefined ? undefined : readStuck(stuck, place),
      external: (external?.stacks ?? []).map(
        (stack): ExternalAllocation => ({ ...stack, frames: place(stack.frames) }),
      ),
      sources: book,
      ...(kept === undefined ? {} : { kept }),
      ...(native === undefined ? {} : { native }),
      ...(wakers === undefined ? {} : { wakers: wakers.watches }),
      ...(pool === undefined ? {} : { pool }),
      ...(deopts === undefined ? {} : { deopts: placeDeopts(deopts, place) }),
      ...(leaks === undefined ? {} : { leaks: { log: leaks, book: buildSiteBook(leaks, maps, { roots }) } }),
      ...(errorLog === undefined
        ? {}
        : { errors: buildErrorSites(errorLog, (frame) => placeFrame(frame, maps, roots)) }),
      ...(requestTimes === undefined ? {} : { requestTimes }),
      ...(core === undefined ? {} : { core }),
      ...(box === undefined ? {} : { box }),
      ...(asyncLog === undefined ? {} : { async: buildWaits(asyncLog, maps, roots) }),
    },
  };
}

type Attempt = <T>(name: string, read: () => Promise<T>) => Promise<T | undefined>;

async function readAsync(recording: Recording, attempt: Attempt): Promise<AsyncLog | undefined> {
  const file = recording.list('async')[0];
  if (file === undefined) return undefined;
  return attempt(file.name, async () => readAsyncLog((await recording.read(file)).toString('utf8')));
}

async function readLeaks(recording: Recording, attempt: Attempt): Promise<LeakLog | undefined> {
  const file = recording.list('leaks')[0];
  if (file === undefined) return undefined;
  return attempt(file.name, async () => readLeakLog((await recording.read(file)).toString('utf8')));
}

function buildWaits(
  log: AsyncLog,
  maps: SourceMaps,
  roots: readonly string[],
): NonNullable<Evidence['async']> {
  const operations = buildOperations(log, buildSiteBook(log, maps, { roots }));
  return { operations, waits: buildWaitSummary(operations) };
}

function readStuck(file: StuckFile, place: (frames: readonly RawFrame[]) => StackFrame[]): StuckEvidence {
  const { since, ms, probes, frames, native } = file;
  return { since, ms, probes, frames: place(frames), ...(native === undefined ? {} : { native }) };
}

async function readDeopts(recording: Recording, attempt: Attempt): Promise<DeoptLog | undefined> {
  const file = recording.list('deopts')[0];
  if (file === undefined) return undefined;
  return attempt(file.name, async () => readDeoptLog((await recording.read(file)).toString('utf8')));
}

function placeDeopts(
  { looks, sites }: DeoptLog,
  place: (frames: readonly RawFrame[]) => StackFrame[],
): NonNullable<Evidence['deopts']> {
  return {
    observedMs: looks.length < 2 ? 0 : looks.at(-1)! - looks[0]!,
    sites: sites.map(({ reason, frames, counts }) => ({ reason, frames: place(frames), counts })),
  };
}

/** A raw frame with its original place and its owner. */
export function placeFrame(
  { function: name, url, line, column, values }: RawFrame,
  maps: SourceMaps,
  roots: readonly string[],
): StackFrame {
  const original = maps.original(url, line, column);
  const { party, package: packageName, file } = classifyLocation(original?.file ?? url, { roots });
  return {
    function: maps.enclosingFunctionName(url, line, column, name),
    file,
    line: original?.line ?? line,
    column: original?.column ?? column,
    party,
    package: packageName,
    ...(values === undefined ? {} : { values }),
  };
}
