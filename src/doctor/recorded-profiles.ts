import { HolterError } from '../base/errors.ts';
import { readCpuProfile } from '../cpu/cpuprofile.ts';
import { readHeapProfile } from '../cpu/heapprofile.ts';
import type { NamedTree } from '../cpu/profile-file.ts';
import { uninline } from '../cpu/uninline.ts';
import type { EvidenceFile } from '../recording/manifest.ts';
import type { Recording } from '../recording/read-recording.ts';
import { openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import type { SourceMaps } from '../source-map/source-map.ts';

/** The profiles of a recording as models. */
export interface RecordedProfiles {
  /** CPU profiles, the main thread's first. */
  cpu: (NamedTree & { file: EvidenceFile })[];
  allocations: (NamedTree & { file: EvidenceFile })[];
  maps: SourceMaps;
  book: SourceBook;
  /** The user's own folders, see classifyLocation. */
  roots: string[];
  /** Files that could not be read, in sentences. */
  problems: string[];
}

/**
 * Reads all profiles of a recording, source maps applied and inlined callees given their time back. A damaged file is
 * left out and named in `problems`.
 */
export async function readRecordedProfiles(recording: Recording): Promise<RecordedProfiles> {
  const { manifest } = recording;
  const problems: string[] = [];
  // A service may itself be installed below a node_modules folder: what lies under its cwd is the user's.
  const roots = manifest.target.cwd === '' ? [] : [manifest.target.cwd];
  const attempt = async <T>(name: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      problems.push(`${name}: ${error.message}`);
      return undefined;
    }
  };
  const sourcesFile = recording.list('sources')[0];
  const kept =
    sourcesFile === undefined
      ? undefined
      : await attempt(sourcesFile.name, async () =>
          parseEvidence<SourcesFile>(await recording.read(sourcesFile), 'holter.sources/1', sourcesFile.name),
        );
  const { maps, book } = openSources(kept ?? { schema: 'holter.sources/1', scripts: [], originals: {} }, {
    roots,
  });
  const { startedMonotonicUs } = manifest.window;
  const cpu: RecordedProfiles['cpu'] = [];
  for (const file of recording.list('cpu-profile')) {
    const tree = await attempt(file.name, async () =>
      readCpuProfile(await recording.read(file), { maps, roots, startedMonotonicUs }),
    );
    if (tree !== undefined) cpu.push({ name: treeName(file), tree: uninline(tree, book), file });
  }
  const allocations: RecordedProfiles['allocations'] = [];
  for (const file of recording.list('allocation-profile')) {
    const tree = await attempt(file.name, async () =>
      readHeapProfile(await recording.read(file), { maps, roots }),
    );
    if (tree !== undefined) allocations.push({ name: allocationName(file), tree, file });
  }
  return { cpu, allocations, maps, book, roots, problems };
}

/** JSON of an evidence file. @throws HolterError E_FILE_TRUNCATED, E_FILE_FORMAT (another schema) */
export function parseEvidence<T>(content: Buffer, schema: string, name: string): T {
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

function treeName({ thread = 'main', pid }: EvidenceFile): string {
  const name = thread === 'main' ? 'main thread' : thread;
  return pid === undefined ? name : `process ${pid} ${name}`;
}

function allocationName(file: EvidenceFile): string {
  const what = file.name.includes('all.') ? 'all allocations' : 'memory still alive';
  const { thread = 'main', pid } = file;
  const who = [pid === undefined ? '' : `process ${pid}`, thread === 'main' ? '' : thread].filter(Boolean);
  return [...who, what].join(' ');
}
