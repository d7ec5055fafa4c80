import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { formatNumber } from '../base/quantity.ts';
import { aggregateFiles } from '../cpu/functions.ts';
import { openProfile } from '../cpu/open-profile.ts';
import { type NamedTree, PROFILE_FORMATS, type ProfileFile } from '../cpu/profile-file.ts';
import { uninline } from '../cpu/uninline.ts';
import { parseEvidence, readRecordedProfiles } from '../doctor/recorded-profiles.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { EvidenceFile, KernelTime, RecordingManifest } from '../recording/manifest.ts';
import { openRecording, type Recording } from '../recording/read-recording.ts';
import type { CpuDocument } from '../render/cpu-document.ts';
import type { PageFact } from '../render/page-data.ts';
import { collectSources, openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { kernelTimeNotes } from './kernel-time-notes.ts';
import {
  beginsLikePerfData,
  nameThreads,
  perfFacts,
  perfNotes,
  readPerfFile,
  readRecordedPerf,
  threadRows,
} from './perf-input.ts';

/** A recording or a profile file, read: what `cpu`, `flame`, `heap sample` and `open` show, compare and convert. */
export interface ProfileInput {
  /** `api-gateway` · `pid 4711`, or `app.cpuprofile` · `V8 CPU profile`. */
  name: string;
  detail: string;
  facts: PageFact[];
  /** At least one. */
  profiles: NamedTree[];
  book: SourceBook;
  /** Where the texts of `book` come from, when that is not the recording. */
  sourcesNote?: string;
  /** Folder paths are shown relative to. */
  cwd: string;
  /** What to know when reading it, in sentences. */
  notes: string[];
  recordedAt?: string;
  manifest?: RecordingManifest;
  /** Threads by their time on the CPUs, where that was recorded. */
  threads?: CpuDocument['threads'];
  /** Files of a recording by the place of their tree in `profiles`. */
  files?: EvidenceFile[];
  load?: LoadResult;
  /** What the kernel counted for the main threads of all processes, where it did. */
  kernelTime?: KernelTime;
  /** Path as given, and size in bytes. */
  path: string;
  bytes: number;
}

/** CPU or memory, where a recording holds both. */
export type Interest = 'cpu' | 'allocations' | 'any';

/**
 * Reads a recording folder or a profile file of any kind.
 * @throws HolterError E_FILE_NOT_FOUND, E_FILE_FORMAT, E_FILE_TRUNCATED
 */
export async function readProfileInput(path: string, interest: Interest = 'any'): Promise<ProfileInput> {
  const entry = await stat(path).catch(() => undefined);
  return entry?.isDirectory() ? readFolder(path, interest) : readProfileFile(path);
}

async function readFolder(path: string, interest: Interest): Promise<ProfileInput> {
  const recording = await openRecording(path);
  const { manifest } = recording;
  if (recording.list('perf').length > 0 && interest !== 'allocations') return readPerfFolder(path, recording);
  const { cpu, allocations, book, problems } = await readRecordedProfiles(recording);
  const found =
    interest === 'cpu' ? cpu : interest === 'allocations' ? allocations : [...cpu, ...allocations];
  if (found.length === 0)
    throw new HolterError(
      'E_FILE_FORMAT',
      problems[0] ?? `${path} holds no ${interest === 'allocations' ? 'allocation' : 'CPU'} profile`,
      { hint: `see what it holds: holter open ${path}` },
    );
  const loadFile = recording.list('load')[0];
  const load =
    loadFile === undefined
      ? undefined
      : parseEvidence<LoadResult>(await recording.read(loadFile), 'holter.load/1', loadFile.name);
  let bytes = 0;
  for (const file of manifest.files)
    bytes += await stat(join(path, file.name)).then(
      ({ size }) => size,
      () => 0,
    );
  const { target, window } = manifest;
  const facts: PageFact[] = [
    ...(target.node === '' ? [] : [{ label: 'Node', value: target.node }]),
    { label: 'recorded', value: `${window.startedAt.replace('T', ' ').replace(/\.\d+Z/, ' UTC')}` },
    { label: 'window', value: `${window.seconds.toFixed(1)} s` },
    ...sampleFacts(found),
  ];
  const end =
    window.end.kind === 'interrupted'
      ? ['Stopped early (Ctrl-C).']
      : window.end.kind === 'target-exited'
        ? ['The process ended while it was watched.']
        : [];
  const { notes = [] } = manifest;
  const times = found.flatMap(({ file: { kernelTime } }) => (kernelTime === undefined ? [] : [kernelTime]));
  const single = new Set(found.map(({ file }) => file.pid)).size < 2;
  const kernel = found.flatMap(({ tree, file }) =>
    kernelTimeNotes(tree, file.kernelTime).map((note) =>
      single ? note : `${file.pid === undefined ? 'the target' : `process ${file.pid}`}: ${note}`,
    ),
  );
  return {
    name: target.name,
    detail: target.pid > 0 ? `pid ${target.pid}` : '',
    facts,
    profiles: found.map(({ name, tree }) => ({ name, tree })),
    book,
    cwd: target.cwd,
    notes: [...end, ...notes, ...kernel, ...problems],
    recordedAt: window.startedAt,
    manifest,
    files: found.map(({ file }) => file),
    ...(load === undefined ? {} : { load }),
    ...(times.length === 0 ? {} : { kernelTime: addKernelTimes(times) }),
    path,
    bytes,
  };
}

async function readPerfFolder(path: string, recording: Recording): Promise<ProfileInput> {
  const { manifest } = recording;
  const { target, window } = manifest;
  const roots = target.cwd === '' ? [] : [target.cwd];
  const sourcesFile = recording.list('sources')[0];
  const kept =
    sourcesFile === undefined
      ? undefined
      : parseEvidence<SourcesFile>(await recording.read(sourcesFile), 'holter.sources/1', sourcesFile.name);
  const { maps, book } = openSources(kept ?? { schema: 'holter.sources/1', scripts: [], originals: {} }, {
    roots,
  });
  const { startedMonotonicUs } = window;
  const { profile, about, problems } = readRecordedPerf(recording, { maps, roots, startedMonotonicUs });
  const loadFile = recording.list('load')[0];
  const load =
    loadFile === undefined
      ? undefined
      : parseEvidence<LoadResult>(await recording.read(loadFile), 'holter.load/1', loadFile.name);
  let bytes = 0;
  for (const file of manifest.files)
    bytes += (await stat(join(path, file.name)).catch(() => undefined))?.size ?? 0;
  const end =
    window.end.kind === 'interrupted'
      ? ['Stopped early (Ctrl-C).']
      : window.end.kind === 'target-exited'
        ? ['The process ended while it was recorded.']
        : [];
  return {
    name: target.name,
    detail: target.pid > 0 ? `pid ${target.pid}` : '',
    facts: [
      ...(target.node === '' ? [] : [{ label: 'Node', value: target.node }]),
      { label: 'recorded', value: `${window.startedAt.replace('T', ' ').replace(/\.\d+Z/, ' UTC')}` },
      { label: 'window', value: `${window.seconds.toFixed(1)} s` },
      ...perfFacts(profile, about),
    ],
    profiles: nameThreads(profile.profiles, about),
    threads: threadRows(profile, about),
    book,
    cwd: target.cwd,
    notes: [...end, ...(manifest.notes ?? []), ...perfNotes(profile, about), ...profile.notes, ...problems],
    recordedAt: window.startedAt,
    manifest,
    ...(load === undefined ? {} : { load }),
    path,
    bytes,
  };
}

function addKernelTimes(times: readonly KernelTime[]): KernelTime {
  const sum = (key: 'runMs' | 'waitMs') => times.reduce((all, time) => all + time[key], 0);
  return {
    seconds: Math.max(...times.map(({ seconds }) => seconds)),
    runMs: sum('runMs'),
    waitMs: sum('waitMs'),
  };
}

async function readProfileFile(path: string): Promise<ProfileInput> {
  const cwd = process.cwd();
  const read = (options: Parameters<typeof openProfile>[1]): { file: ProfileFile; bytes: number } => {
    const source = openFile(path);
    try {
      if (beginsLikePerfData(path)) {
        const perf = readPerfFile(path, options);
        threads = threadRows(perf);
        return {
          file: { ...perf, notes: [...perfNotes(perf), ...perf.notes] },
          bytes: source.size ?? 0,
        };
      }
      return { file: openProfile(source, options), bytes: source.size ?? 0 };
    } finally {
      source.close();
    }
  };
  let threads: CpuDocument['threads'] = [];
  let { file, bytes } = read({ roots: [cwd] });
  // The scripts may lie on this disk: then lines can be quoted, and source maps applied in a second reading.
  const { sources, hasMaps } = await localSources(file.profiles, cwd);
  if (hasMaps) ({ file, bytes } = read({ roots: [cwd], maps: sources.maps }));
  const profiles = file.profiles.map(({ name, tree }) => ({
    name,
    tree: tree.unit === 'microseconds' ? uninline(tree, sources.book) : tree,
  }));
  return {
    name: basename(path),
    detail: PROFILE_FORMATS[file.format],
    facts: [
      { label: 'format', value: PROFILE_FORMATS[file.format] },
      ...(file.recordedAt === undefined
        ? []
        : [{ label: 'recorded', value: file.recordedAt.replace('T', ' ').replace(/\.\d+Z/, ' UTC') }]),
      ...sampleFacts(profiles),
    ],
    profiles,
    book: sources.book,
    sourcesNote: 'source lines are those on this disk now',
    cwd,
    threads,
    notes: file.notes,
    ...(file.recordedAt === undefined ? {} : { recordedAt: file.recordedAt }),
    path,
    bytes,
  };
}

async function localSources(
  profiles: readonly NamedTree[],
  cwd: string,
): Promise<{ sources: ReturnType<typeof openSources>; hasMaps: boolean }> {
  const weights = new Map<string, number>();
  for (const { tree } of profiles.slice(0, 1)) {
    const whole = Math.max(1e-9, tree.total[0] ?? 0);
    for (const { name, party, total } of aggregateFiles(tree))
      if (party === 'user') weights.set(name, total / whole);
  }
  const file = await collectSources(
    weights,
    async (path) => {
      // A name from a foreign file: only what looks like code is opened, and no pipe or device.
      if (!/\.(?:[cm]?[jt]sx?|map|vue|svelte)$/i.test(path)) return undefined;
      const entry = await stat(path).catch(() => undefined);
      if (entry === undefined || !entry.isFile() || entry.size > 64 * 2 ** 20) return undefined;
      return readFile(path).catch(() => undefined);
    },
    { roots: [cwd] },
  );
  return {
    sources: openSources(file, { roots: [cwd] }),
    hasMaps: file.scripts.some(({ map }) => map !== undefined),
  };
}

function sampleFacts(profiles: readonly NamedTree[]): PageFact[] {
  const tree = profiles[0]?.tree;
  const count = tree?.samples.time.length ?? 0;
  if (tree === undefined || count === 0) return [];
  const everyMs = (tree.to - tree.from) / count;
  return [{ label: 'samples', value: `${formatNumber(count)}, one each ${formatNumber(everyMs)} ms` }];
}
