import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { formatNumber } from '../base/quantity.ts';
import type { NamedTree, ReadProfileOptions } from '../cpu/profile-file.ts';
import { parsePerfCode } from '../perf/code-file.ts';
import { compileLater } from '../perf/compile-later.ts';
import { isPerfData } from '../perf/data-header.ts';
import { parseMapTimes } from '../perf/map-times.ts';
import { type BesidePerfData, openPerfData, readKeptSymbols } from '../perf/open-perf-data.ts';
import { type PerfRecordingFile, parsePerfRecording } from '../perf/perf-recording.ts';
import type { PerfProfile } from '../perf/read-perf-data.ts';
import type { Recording } from '../recording/read-recording.ts';
import type { ThreadTimeRow } from '../render/cpu-document.ts';
import type { PageFact } from '../render/page-data.ts';

/** Less than this of the samples without names is not worth a word. */
const QUIET_SHARE = 0.05;

/** Is this a file that `perf record` wrote? */
export function beginsLikePerfData(path: string): boolean {
  // What was read of a pipe is gone.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const source = openFile(path);
  try {
    const head = new Uint8Array(8);
    return source.read(head) === 8 && isPerfData(head);
  } finally {
    source.close();
  }
}

/** Reads a lone perf.data file with what this machine has. @throws HolterError of openPerfData */
export function readPerfFile(path: string, options: ReadProfileOptions): PerfProfile {
  compileLater();
  const source = openFile(path);
  try {
    return openPerfData(source, options);
  } finally {
    source.close();
  }
}

/** Reads the perf.data of a recording with all that was kept beside it. @throws HolterError */
export function readRecordedPerf(
  recording: Recording,
  options: ReadProfileOptions,
): { profile: PerfProfile; about: PerfRecordingFile | undefined; problems: string[] } {
  const { folder, manifest } = recording;
  const problems: string[] = [];
  const data = recording.list('perf-data')[0];
  if (data === undefined) throw new HolterError('E_FILE_FORMAT', `${folder} holds no perf.data`);
  const attempt = <T>(kind: Parameters<Recording['list']>[0], read: (path: string) => T): T | undefined => {
    const file = recording.list(kind).find(({ pid }) => pid === undefined || pid === manifest.target.pid);
    if (file === undefined) return undefined;
    try {
      return read(join(folder, file.name));
    } catch (error) {
      problems.push(`${file.name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const map = attempt('perf-map', (path) => readFileSync(path));
  const times = attempt('perf-map-times', (path) => parseMapTimes(readFileSync(path, 'utf8'), path).times);
  const jitDump = attempt('jitdump', (path) => readFileSync(path));
  const code = attempt('perf-code', (path) => parsePerfCode(readFileSync(path, 'utf8'), path));
  const symbols = attempt('perf-symbols', readKeptSymbols);
  const beside: BesidePerfData = {
    pid: manifest.target.pid,
    ...(map === undefined ? {} : { map }),
    ...(times === undefined ? {} : { mapTimes: times }),
    ...(jitDump === undefined ? {} : { jitDump }),
    ...(code === undefined ? {} : { code }),
    ...(symbols === undefined ? {} : { symbols }),
    // What was kept is complete; names of this machine could be another's.
    foreign: symbols !== undefined,
  };
  const about = attempt('perf', (path) => parsePerfRecording(readFileSync(path, 'utf8'), path));
  const source = openFile(join(folder, data.name));
  try {
    return { profile: openPerfData(source, options, beside), about, problems };
  } finally {
    source.close();
  }
}

/** What to know of a recording of perf when reading it, in sentences. */
export function perfNotes({ quality, host }: PerfProfile, about?: PerfRecordingFile): string[] {
  const notes: string[] = [];
  const { samples, unknown, unknownJit, broken } = quality;
  const share = (count: number): string => `${((100 * count) / Math.max(1, samples)).toFixed(1)} %`;
  const names = about?.names ?? (quality.namedPids.length > 0 ? 'map' : 'none');
  if (names === 'memory')
    notes.push(
      'Names of JavaScript were read out of the memory of the process when the recording ended, because it writes no perf map; interpreted functions have none. All of it: NODE_OPTIONS=--perf-basic-prof when it is started.',
    );
  if (unknownJit > samples * QUIET_SHARE)
    notes.push(
      `${share(unknownJit)} of the samples run JavaScript without a name: start the process with NODE_OPTIONS=--perf-basic-prof, or use holter cpu.`,
    );
  if (broken > samples * QUIET_SHARE)
    notes.push(
      `${share(broken)} of the stacks are cut: code without frame pointers (libc, addons) hides its callers.`,
    );
  const other = unknown - Math.max(unknownJit, broken);
  if (other > samples * QUIET_SHARE)
    notes.push(`${share(other)} of the samples have native frames without symbols.`);
  if (about !== undefined && !about.kernel)
    notes.push(`Frames of the kernel are missing: ${about.whyNoKernel}.`);
  if (about === undefined && host !== undefined && host !== hostname())
    notes.push(
      `Recorded on ${host}: names of native code need its binaries; a recording of holter perf holds them.`,
    );
  return notes;
}

const ROLE: Readonly<Record<string, string>> = {
  main: 'main thread',
  v8: 'V8 thread',
  pool: 'pool thread',
  worker: 'worker thread',
};

/** `pool thread 4722`, where its role is known and the thread gave itself no name of its own. */
function threadName(tid: number, command: string, about: PerfRecordingFile | undefined): string {
  const role = ROLE[about?.threads.find((thread) => thread.tid === tid)?.role ?? ''];
  return role === undefined ? `${command} ${tid}` : `${role} ${tid}`;
}

/** Trees of threads with what the threads are for in their names. */
export function nameThreads(trees: readonly NamedTree[], about: PerfRecordingFile | undefined): NamedTree[] {
  return trees.map((named) => {
    const found = /^(.*) (\d+)( \(.*\))?$/.exec(named.name);
    if (found === null) return named;
    const name = `${threadName(Number(found[2]), found[1]!, about)}${found[3] ?? ''}`;
    return {
      name,
      get tree() {
        return named.tree;
      },
    };
  });
}

export function threadRows({ threadTimes }: PerfProfile, about?: PerfRecordingFile): ThreadTimeRow[] {
  return threadTimes.map(({ tid, command, onCpuMs, offCpuMs, preemptedMs, switches }) => ({
    name: threadName(tid, command, about),
    tid,
    onCpuMs,
    offCpuMs,
    preemptedMs,
    switches,
  }));
}

/** Facts for the head of the page. */
export function perfFacts({ quality }: PerfProfile, about?: PerfRecordingFile): PageFact[] {
  const known = 100 - (100 * quality.unknown) / Math.max(1, quality.samples);
  return [
    { label: 'stacks named', value: `${known.toFixed(1)} % of ${formatNumber(quality.samples)}` },
    ...(about === undefined ? [] : [{ label: 'rate', value: `${about.hz} Hz` }]),
    ...(about === undefined ? [] : [{ label: 'JavaScript names', value: NAMES[about.names] }]),
  ];
}

const NAMES: Readonly<Record<PerfRecordingFile['names'], string>> = {
  map: 'perf map',
  jitdump: 'jitdump',
  memory: "V8's heap",
  none: 'none',
};
