import { HolterError } from '../base/errors.ts';
import type { BlockStack, ExternalAllocation, StackFrame, StuckEvidence } from '../cpu/call-tree.ts';
import { readCpuProfile } from '../cpu/cpuprofile.ts';
import { readHeapProfile } from '../cpu/heapprofile.ts';
import { uninline } from '../cpu/uninline.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { readVitals } from '../metrics/vitals-file.ts';
import type { EvidenceKind } from '../recording/manifest.ts';
import type { Recording } from '../recording/read-recording.ts';
import { openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import { classifyLocation } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { BlockStacksFile, ExternalAllocationsFile, RawFrame, StuckFile } from '../visit/raw-stack.ts';
import type { Evidence } from './evidence.ts';

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
    return attempt(file.name, async () => parseJson<T>(await recording.read(file), schema, file.name));
  };

  const vitalsFile = recording.list('vitals')[0];
  if (vitalsFile === undefined)
    throw new HolterError('E_FILE_FORMAT', `${recording.folder} holds no vital signs`);
  const vitals: VitalSigns = readVitals((await recording.read(vitalsFile)).toString('utf8'));

  // A service may itself be installed below a node_modules folder: what lies under its cwd is the user's.
  const roots = manifest.target.cwd === '' ? [] : [manifest.target.cwd];
  const sources = openSources(
    (await readJson<SourcesFile>('sources', 'holter.sources/1')) ?? {
      schema: 'holter.sources/1',
      scripts: [],
      originals: {},
    },
    { roots },
  );
  const { maps } = sources;
  const { startedMonotonicUs } = manifest.window;

  const trees: { thread: string; tree: NonNullable<Evidence['main']> }[] = [];
  for (const file of recording.list('cpu-profile')) {
    const tree = await attempt(file.name, async () =>
      readCpuProfile(await recording.read(file), { maps, roots, startedMonotonicUs }),
    );
    if (tree !== undefined) trees.push({ thread: file.thread ?? 'main', tree: uninline(tree, sources.book) });
  }
  const allocations = new Map<string, NonNullable<Evidence['allocation']>>();
  for (const file of recording.list('allocation-profile')) {
    const tree = await attempt(file.name, async () =>
      readHeapProfile(await recording.read(file), { maps, roots }),
    );
    if (tree !== undefined) allocations.set(file.name, tree);
  }

  const blocks = await readJson<BlockStacksFile>('block-stacks', 'holter.block-stacks/1');
  const stuck = await readJson<StuckFile>('stuck', 'holter.stuck/1');
  const external = await readJson<ExternalAllocationsFile>(
    'external-allocations',
    'holter.external-allocations/1',
  );
  const place = (frames: readonly RawFrame[]) => frames.map((frame) => placeFrame(frame, maps, roots));
  return {
    problems,
    evidence: {
      manifest,
      vitals,
      main: trees.find(({ thread }) => thread === 'main')?.tree,
      workers: trees.filter(({ thread }) => thread !== 'main'),
      allocation: allocations.get('live.heapprofile'),
      allocationAll: allocations.get('all.heapprofile'),
      blockStacks: (blocks?.stacks ?? []).map(
        (stack): BlockStack => ({ ...stack, frames: place(stack.frames) }),
      ),
      stuck: stuck === undefined ? undefined : readStuck(stuck, place),
      external: (external?.stacks ?? []).map(
        (stack): ExternalAllocation => ({ ...stack, frames: place(stack.frames) }),
      ),
      sources: sources.book,
    },
  };
}

function readStuck(file: StuckFile, place: (frames: readonly RawFrame[]) => StackFrame[]): StuckEvidence {
  const { since, ms, probes, frames, native } = file;
  return { since, ms, probes, frames: place(frames), ...(native === undefined ? {} : { native }) };
}

function placeFrame(
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

function parseJson<T>(content: Buffer, schema: string, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw new HolterError('E_FILE_TRUNCATED', `cut off or damaged: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const found = (value as { schema?: unknown } | null)?.schema;
  if (found !== schema)
    throw new HolterError(
      'E_FILE_FORMAT',
      `${name}: schema is ${JSON.stringify(found)}, expected ${JSON.stringify(schema)}`,
    );
  return value as T;
}
