import { readFileSync } from 'node:fs';
import { chmod, copyFile, stat } from 'node:fs/promises';
import { openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Seconds } from '../base/units.ts';
import { readMemoryMap } from '../linux/memory-map.ts';
import type { PerfTool } from '../linux/perf-tool.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { classifyThreads, readPoolSize, surveyThreads } from '../linux/thread-role.ts';
import type { MapTimesFile } from '../perf/map-times.ts';
import { type BesidePerfData, openPerfData } from '../perf/open-perf-data.ts';
import type { MapTimes } from '../perf/perf-map.ts';
import { PERF_RECORDING_SCHEMA, type PerfRecordingFile } from '../perf/perf-recording.ts';
import type { PerfProfile } from '../perf/read-perf-data.ts';
import type { Action, EvidenceFile, RecordingManifest, WindowEnd } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { listNodeDescendants } from '../target/descendants.ts';
import { startClock } from './clock.ts';
import { gatherTreeSources } from './gather-tree-sources.ts';
import { type CodeWatch, readPerfCode, watchCode } from './perf-code.ts';
import { type PerfMapWatch, watchPerfMap } from './perf-map-watch.ts';
import { startPerfRecord } from './perf-record.ts';

export interface PerfVisitOptions {
  tool: PerfTool;
  pid: number;
  info: TargetInfo;
  /** Of a command that was held before it began: what it is once it runs. */
  refreshInfo?: (() => TargetInfo) | undefined;
  /** What is recorded: called when perf records; the recording ends when it settles. `signal` aborts on Ctrl-C and when the target goes. */
  during: (signal: AbortSignal) => Promise<unknown>;
  requestedSeconds: Seconds;
  hz: number;
  offCpu: boolean;
  /** Read V8's code out of its memory: names where the process left no map, and what optimised code holds inlined. */
  readsMemory: boolean;
  writer: RecordingWriter;
  holter: string;
  signal: AbortSignal;
  onStep?: (what: string) => void;
  /** Told the processes that perf saw. */
  onProcesses?: (pids: readonly number[]) => void;
  extraFiles?: () => { file: EvidenceFile; content: string }[];
}

const PERF_DATA = 'perf.data';
/** How often new processes below the target are looked for. */
const CHILDREN_MS = 500;

/**
 * Records a process with `perf record` and keeps all that is needed to read it anywhere: the perf map with the times its
 * lines appeared, or V8's code by address out of its memory, native symbols, sources.
 * @throws HolterError of startPerfRecord and readPerfData; E_WRITE; what `during` throws
 */
export async function perfVisit(options: PerfVisitOptions): Promise<RecordingManifest> {
  const { writer, pid, tool, onStep } = options;
  const actions: Action[] = [];
  const notes: string[] = [];
  const act = (what: string, pauseMs = 0, effect?: string): void =>
    void actions.push({
      what,
      at: new Date().toISOString(),
      pauseMs,
      ...(effect === undefined ? {} : { effect }),
    });
  let threads: PerfRecordingFile['threads'] = [];
  const maps = new Map<number, PerfMapWatch>([[pid, watchPerfMap(pid, options.info.startedAt)]]);
  const watchChildren = setInterval(() => {
    for (const child of listNodeDescendants(pid)) if (!maps.has(child)) maps.set(child, watchPerfMap(child));
  }, CHILDREN_MS);
  const path = `${writer.folder}/${PERF_DATA}`;
  const clock = startClock();
  let { info } = options;
  let code: CodeWatch | undefined;
  let isFromMemory = false;
  let failure: { error: unknown } | undefined;
  let end: WindowEnd = { kind: 'complete' };
  let seconds = 0;
  let command: string[] = [];
  try {
    onStep?.('starting perf');
    const perf = await startPerfRecord({ tool, pid, path, hz: options.hz, offCpu: options.offCpu });
    ({ command } = perf);
    act(`perf record attached, ${options.hz} samples a second and thread`);
    try {
      onStep?.('recording');
      threads = describeThreads(pid);
      // A command that was held before it began is no V8 yet, and writes a map.
      if (options.readsMemory && options.refreshInfo === undefined && !maps.get(pid)!.hasMap) {
        code = watchCode(pid, (why) => notes.push(`Its memory could not be read: ${why}.`));
        act("V8's code looked for in its memory", 0, 'read only, not stopped');
      }
      const gone = new AbortController();
      void perf.ended.then(() => gone.abort());
      const ended = AbortSignal.any([options.signal, gone.signal]);
      await options.during(ended).catch((error: unknown) => {
        failure = { error };
      });
      seconds = clock.now() / 1000;
      if (isAlive(pid)) {
        info = options.refreshInfo?.() ?? info;
        threads = describeThreads(pid);
      }
      if (!isAlive(pid)) end = { kind: 'target-exited', atMs: clock.now(), how: '' };
      else if (options.signal.aborted) end = { kind: 'interrupted' };
    } finally {
      onStep?.('ending perf');
      await perf.stop();
      act('perf record detached', 0, 'nothing stays in the process');
    }
    if ((await stat(path).catch(() => undefined)) === undefined)
      throw new HolterError('E_WRITE', 'perf wrote no file', { hint: 'is the disk full?' });
    await writer.addWritten({ name: PERF_DATA, kind: 'perf-data' }, async (name) => (await stat(name)).size);
    onStep?.('keeping maps');
    clearInterval(watchChildren);
    const beside = await keepMaps(writer, maps, pid, notes);
    const fromMemory = beside.map === undefined ? code?.finish() : undefined;
    if (fromMemory !== undefined) {
      isFromMemory = true;
      await writer.add({ name: `perf-${pid}.map`, kind: 'perf-map', pid }, fromMemory.map);
      await writer.add(
        { name: `perf-${pid}-times.json`, kind: 'perf-map-times', pid },
        JSON.stringify(fromMemory.times),
      );
      beside.map = fromMemory.map;
      beside.mapTimes = toTimes(fromMemory.times);
    }
    const jitDump = await keepJitDump(writer, pid);
    if (jitDump !== undefined) beside.jitDump = jitDump;
    onStep?.('reading');
    const roots = [info.cwd].filter((folder) => folder !== '');
    const read = (): PerfProfile => {
      const source = openFile(path);
      try {
        return openPerfData(source, { roots }, beside);
      } finally {
        source.close();
      }
    };
    let profile = read();
    if (options.readsMemory && isAlive(pid)) {
      const addresses = profile.jit.filter((each) => each.pid === pid).map(({ address }) => address);
      const places = readPerfCode(pid, addresses, () => {});
      if (places !== undefined && places.code.length > 0) {
        await writer.add({ name: 'perf-code.json', kind: 'perf-code', pid }, JSON.stringify(places));
        beside.code = places;
        profile = read();
      }
    }
    if (await keepLostMaps(writer, profile.pids, maps, clock.startedAt)) profile = read();
    options.onProcesses?.(profile.pids);
    await writer.add({ name: 'perf-symbols.json', kind: 'perf-symbols' }, JSON.stringify(profile.symbols));
    const recording: PerfRecordingFile = {
      schema: PERF_RECORDING_SCHEMA,
      pid,
      perf: tool.version,
      command,
      hz: options.hz,
      offCpu: options.offCpu,
      kernel: tool.hasKernel,
      whyNoKernel: tool.whyNoKernel,
      names: isFromMemory
        ? 'memory'
        : beside.map !== undefined
          ? 'map'
          : beside.jitDump !== undefined
            ? 'jitdump'
            : 'none',
      threads,
    };
    await writer.add({ name: 'perf.json', kind: 'perf' }, JSON.stringify(recording));
    const sources = await gatherTreeSources(profile.profiles[0]!.tree, isAlive(pid) ? pid : undefined, roots);
    await writer.add({ name: 'sources.json', kind: 'sources' }, JSON.stringify(sources));
    for (const { file, content } of options.extraFiles?.() ?? []) await writer.add(file, content);
  } finally {
    clearInterval(watchChildren);
    for (const map of maps.values()) map.stop();
    code?.stop();
  }
  const manifest: RecordingManifest = {
    schema: 'holter.recording/1',
    holter: options.holter,
    target: info,
    window: {
      startedAt: clock.startedAt,
      startedMonotonicUs: clock.startMs * 1000,
      seconds,
      requestedSeconds: options.requestedSeconds,
      end,
    },
    access: 'outside',
    files: [...writer.files],
    actions,
    ...(notes.length === 0 ? {} : { notes }),
    inspectorOpenMs: 0,
    left: { verified: true, leftBehind: [] },
  };
  await writer.finish(manifest);
  if (failure !== undefined) throw failure.error;
  return manifest;
}

function isAlive(pid: number): boolean {
  const state = readProcessStat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function describeThreads(pid: number): PerfRecordingFile['threads'] {
  const survey = surveyThreads(pid);
  const roles = classifyThreads(pid, survey, readPoolSize(pid));
  return survey.threads.map(({ tid, comm }) => ({ tid, name: comm, role: roles.get(tid) ?? 'unknown' }));
}

async function keepMaps(
  writer: RecordingWriter,
  maps: ReadonlyMap<number, PerfMapWatch>,
  target: number,
  notes: string[],
): Promise<BesidePerfData> {
  const beside: BesidePerfData = { pid: target };
  for (const [pid, watch] of maps) {
    if (!watch.hasMap) continue;
    const name = `perf-${pid}.map`;
    const kept = await watch.keep(`${writer.folder}/${name}`);
    if (kept === undefined) {
      notes.push(
        `The perf map of process ${pid} was gone before it could be kept: its JavaScript has no names.`,
      );
      continue;
    }
    await writer.addWritten({ name, kind: 'perf-map', pid }, async () => kept.bytes);
    await writer.add(
      { name: `perf-${pid}-times.json`, kind: 'perf-map-times', pid },
      JSON.stringify(kept.times),
    );
    if (pid !== target) continue;
    beside.map = readFileSync(`${writer.folder}/${name}`);
    beside.mapTimes = toTimes(kept.times);
  }
  return beside;
}

/** Maps of children that began and ended between two looks: V8 leaves them where they are. */
async function keepLostMaps(
  writer: RecordingWriter,
  pids: readonly number[],
  known: ReadonlyMap<number, PerfMapWatch>,
  startedAt: string,
): Promise<boolean> {
  let found = false;
  for (const pid of pids) {
    if (known.has(pid) || pid <= 0) continue;
    const name = `perf-${pid}.map`;
    const from = `/tmp/${name}`;
    const entry = await stat(from).catch(() => undefined);
    // Of another process that had this pid before.
    if (entry === undefined || !entry.isFile() || entry.mtimeMs < Date.parse(startedAt) - 1000) continue;
    await writer
      .addWritten({ name, kind: 'perf-map', pid }, async (to) => {
        await copyFile(from, to);
        await chmod(to, 0o600);
        return entry.size;
      })
      .then(
        () => {
          found = true;
        },
        () => {},
      );
  }
  return found;
}

function toTimes({ timeUs, offset }: MapTimesFile): MapTimes {
  return { time: Float64Array.from(timeUs, (us) => us * 1000), offset };
}

/** The jitdump a process has mapped (`--perf-prof`), where there is one. */
async function keepJitDump(writer: RecordingWriter, pid: number): Promise<Buffer | undefined> {
  const path = readMemoryMap(pid)?.find((mapping) => /\/jit-\d+\.dump$/.test(mapping.path))?.path;
  if (path === undefined) return undefined;
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    await copyFile(`/proc/${pid}/root${path}`, `${writer.folder}/${name}`);
    await chmod(`${writer.folder}/${name}`, 0o600);
  } catch {
    return undefined;
  }
  await writer.addWritten({ name, kind: 'jitdump', pid }, async (file) => (await stat(file)).size);
  return readFileSync(`${writer.folder}/${name}`);
}
