import { type ByteSource, openBytes, readAll } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { ROOT_FRAME } from '../cpu/call-tree-builder.ts';
import { describeForeignFrame } from '../cpu/foreign-frame.ts';
import { readPerfFrame } from '../cpu/perf-frame.ts';
import { perfEventName } from '../cpu/perf-header.ts';
import { PerfStacks } from '../cpu/perf-stacks.ts';
import { buildPerfTrees } from '../cpu/perf-trees.ts';
import type { ProfileFile, ReadProfileOptions } from '../cpu/profile-file.ts';
import {
  FEATURE,
  type PerfDataHeader,
  readBuildIds,
  readClockData,
  readDataHeader,
  readFeatureText,
} from './data-header.ts';
import { RECORD, readRecords } from './data-records.ts';
import type { KeptSymbols } from './kept-symbols.ts';
import { type NativeNameSources, NativeNames } from './native-names.ts';
import {
  type CodeInMemory,
  type CodeName,
  JIT_MODULE,
  type JitBooks,
  resolveAddresses,
  UNMAPPED,
} from './resolve-addresses.ts';
import { SampleReader, type Survey, surveyRecords } from './survey.ts';
import type { ThreadTime } from './switch-times.ts';

/** Name of the tree of time that threads were away from the CPUs. */
export const OFF_CPU = 'off-CPU';

/** What a recording needs beside its own bytes. */
export interface PerfDataContext extends ReadProfileOptions {
  /** Names of JIT code of a process that was recorded; undefined: it left none. Asked once for each. */
  jitBooks(pids: readonly number[], jitDumps: ReadonlyMap<number, string>): JitBooks;
  codeInMemory: CodeInMemory;
  /** Where native names come from; told what the recording says of its machine. */
  nativeNames(recorded: { kernelText: number | undefined; release: string | undefined }): NativeNameSources;
}

/** How well a recording could be read. Counts are of samples of the first event. */
export interface PerfQuality {
  samples: number;
  /** With a frame in them that nobody could name. */
  unknown: number;
  /** Of these: with JavaScript or other JIT code without a name. */
  unknownJit: number;
  /** Whose callers could not be followed: code without frame pointers. */
  broken: number;
  /** Events that the kernel had no room for. */
  lost: number;
  /** Processes whose JIT code has names. */
  namedPids: number[];
}

export interface PerfProfile extends ProfileFile {
  quality: PerfQuality;
  /** Empty when context switches were not recorded. Added up when they are asked for. */
  readonly threadTimes: ThreadTime[];
  /** Addresses in JIT code by pid, with their samples: what a look into the process may tell more of. */
  jit: { pid: number; address: number; samples: number; isNamed: boolean }[];
  /** Native symbols that were needed. */
  symbols: KeptSymbols;
  host: string | undefined;
  /** Processes that were seen. */
  pids: number[];
}

const CLOCK_MONOTONIC = 1;

/**
 * Reads perf.data (tools/perf/Documentation/perf.data-file-format.txt, linux/perf_event.h) into one tree per thread, as the text of
 * `perf script` is read. Twice over the records: first mappings, names and addresses, then the samples; so neither the
 * order of records across CPUs matters, nor is more in memory than the different stacks.
 * @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED, E_FILE_NOT_FOUND
 */
export function readPerfData(given: ByteSource, context: PerfDataContext): PerfProfile {
  const source = rereadable(given);
  const readAt = (offset: number, length: number): Buffer => {
    source.seek(offset);
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, Math.max(0, (source.size ?? 0) - offset))));
    let done = 0;
    for (let got = -1; got !== 0 && done < bytes.length; done += got) got = source.read(bytes.subarray(done));
    return bytes.subarray(0, done);
  };
  const header = readDataHeader(readAt, source.name);
  // Killed before it could say how much it wrote: all there is counts.
  const untold = !header.isPiped && header.data.size === 0;
  const dataBytes = untold ? Number.POSITIVE_INFINITY : header.data.size;
  source.seek(header.data.offset);
  const survey = surveyRecords(source, dataBytes, header.events);
  refuse(survey, source.name);
  const buildIds = readBuildIds(readAt, header.features.get(FEATURE.buildId));
  for (const { mappings } of survey.spaces.spaces)
    for (const mapping of mappings) mapping.buildId ??= buildIds.get(mapping.path);
  const names = new NativeNames(
    context.nativeNames({
      kernelText: survey.kernelText,
      release: readFeatureText(readAt, header.features.get(FEATURE.osRelease)),
    }),
  );
  try {
    const pids = survey.spaces.spaces.slice(1).map(({ pid }) => pid);
    const jit = context.jitBooks(pids, survey.jitDumps);
    const resolved = resolveAddresses(survey.addresses, survey.spaces, names, jit, context.codeInMemory);
    source.seek(header.data.offset);
    const assembly = new StackAssembly(survey, resolved, context);
    readRecords(source, dataBytes, (record) => {
      if (record.type === RECORD.sample) assembly.add(record);
    });
    return finish(assembly, resolved, survey, header, readAt, names, jit, context, untold);
  } finally {
    names.close();
  }
}

type ReadAt = Parameters<typeof readDataHeader>[0];

/** Bytes that can be gone back to: a file, else all of it in memory. */
function rereadable(
  source: ByteSource,
): ByteSource & { seek(offset: number): void; size: number | undefined } {
  const { seek } = source;
  if (source.path !== undefined && seek !== undefined)
    return Object.assign(source, { seek: seek.bind(source) });
  const bytes = readAll(source);
  let at = 0;
  return {
    ...openBytes(bytes, source.name),
    size: bytes.length,
    read(into) {
      const count = Math.max(0, Math.min(into.length, bytes.length - at));
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
    seek(offset) {
      at = offset;
    },
  };
}

function refuse(survey: Survey, name: string): void {
  if (survey.packed > 0)
    throw new HolterError('E_FILE_FORMAT', `${name} was recorded with compression (perf record -z)`, {
      hint: `record without -z, or make text of it: perf script -i ${name} > perf.txt`,
    });
  if (survey.samples > 0) return;
  if (survey.end !== 'whole')
    throw new HolterError('E_FILE_TRUNCATED', `${name} ends before its first sample`, {
      hint: 'end perf record with Ctrl-C or SIGINT, and copy the whole file',
    });
  throw new HolterError('E_FILE_FORMAT', `${name} holds no sample`, {
    hint: 'the process did nothing while it was recorded, or perf record was not allowed to look',
  });
}

/** Gives samples their frames and keeps what was unknown. */
class StackAssembly {
  readonly stacks = new PerfStacks(ROOT_FRAME);
  readonly quality = { samples: 0, unknown: 0, unknownJit: 0, broken: 0 };
  /** Samples by row of the address table. */
  readonly samples: Int32Array;
  readonly events: string[];
  readonly #reader: SampleReader;
  readonly #survey: Survey;
  readonly #context: ReadProfileOptions;
  readonly #resolved: readonly (readonly CodeName[])[];
  /** Frame by row; −1: to be asked for each time. */
  readonly #frame: Int32Array;
  /** Kind by frame. */
  readonly #kind: number[] = [];
  readonly #frameOfName = new Map<string, number>();
  readonly #threads = new Map<number, Map<number, number>>();
  readonly #noStack: number;
  readonly #away: number;
  readonly #preempted: number;
  readonly #cut: number;
  readonly #start: number;
  readonly #isLibc: boolean[] = [];
  #stack = new Int32Array(1024);

  constructor(survey: Survey, resolved: readonly (readonly CodeName[])[], context: ReadProfileOptions) {
    this.#survey = survey;
    this.#resolved = resolved;
    this.#context = context;
    this.samples = new Int32Array(survey.addresses.length);
    this.#frame = new Int32Array(survey.addresses.length).fill(-1);
    this.#reader = new SampleReader(survey.events, survey.spaces, survey.addresses);
    this.events = survey.events.map(({ name }) =>
      name === 'sched:sched_switch' && !survey.switches.isEmpty
        ? OFF_CPU
        : perfEventName(name.replace(/\/[^/]*\/\w*$/, '')),
    );
    this.#noStack = this.#plain('(no stack)');
    this.#away = this.#plain('(waiting)');
    this.#preempted = this.#plain('(ready to run, no CPU)');
    this.#cut = this.#plain('(callers unknown)');
    this.#start = this.#plain('(start of the thread)');
  }

  add(record: Parameters<SampleReader['read']>[0]): void {
    this.#reader.read(record, (event, pid, tid, time, period, depth) => {
      const { length } = this.#stack;
      if (depth + 2 > length) this.#stack = new Int32Array(depth * 2 + 2);
      const rows = this.#reader.stack;
      let stack = this.#stack;
      let to = 0;
      let weight = period;
      if (this.events[event] === OFF_CPU) {
        const away = this.#survey.switches.awayAfter(tid, time, this.#survey.lastTime);
        // A weight of nothing would make them all samples without a time.
        weight = Math.max(1, away?.ns ?? 0);
        stack[to++] = away?.preempted === true ? this.#preempted : this.#away;
      }
      let unknown = false;
      let unknownJit = false;
      let broken = false;
      for (let i = 0; i < depth; i++) {
        const row = rows[i]!;
        this.samples[row]!++;
        let frame = this.#frame[row]!;
        if (frame < 0) {
          const name = this.#nameAt(row, time);
          // Of inlined functions the frames come before the one that holds them.
          if (name?.inlined !== undefined) {
            if (to + name.inlined.length + depth - i + 2 > stack.length) stack = this.#widen(stack);
            for (const symbol of name.inlined) stack[to++] = this.#frameOf({ ...name, symbol });
          }
          frame = this.#frameOf(name);
        }
        const kind = this.#kind[frame]!;
        if (kind !== NAMED) {
          const unknownBefore = unknown;
          unknown = true;
          if (kind === NO_CODE) {
            broken = true;
            // Beyond a return address that is none, nothing is a caller.
            if (i > 0) {
              stack[to++] = this.#cut;
              break;
            }
          } else if (kind === NO_NAME && i === depth - 1 && i > 0 && this.#isLibc[frame] === true) {
            // The C library's own start code has no symbol where debug symbols are not installed.
            stack[to++] = this.#start;
            unknown = unknownBefore;
            break;
          } else if (kind === NO_JIT_NAME) {
            unknownJit = true;
          }
        }
        stack[to++] = frame;
      }
      if (depth === 0) stack[to++] = this.#noStack;
      if (event === 0) {
        const { quality } = this;
        quality.samples++;
        if (unknown) quality.unknown++;
        if (unknownJit) quality.unknownJit++;
        if (broken) quality.broken++;
      }
      this.stacks.addSample(
        this.#threadOf(event, pid, tid),
        stack,
        to,
        (time - this.#survey.firstTime) / 1e6,
        weight,
      );
    });
  }

  #threadOf(event: number, pid: number, tid: number): number {
    let ofEvent = this.#threads.get(event);
    if (ofEvent === undefined) {
      ofEvent = new Map();
      this.#threads.set(event, ofEvent);
    }
    let thread = ofEvent.get(tid);
    if (thread === undefined) {
      const command = this.#survey.commands.get(tid) ?? this.#survey.commands.get(pid) ?? `${tid}`;
      thread = this.stacks.addThread(event, pid, tid, command);
      ofEvent.set(tid, thread);
    }
    return thread;
  }

  /** Name of an address that was not asked for yet, has several over time, or stands for several functions. */
  #nameAt(row: number, time: number): CodeName | undefined {
    const names = this.#resolved[row]!;
    let chosen = names[0];
    for (const name of names) {
      if (name.time > time) break;
      chosen = name;
    }
    if (names.length <= 1 && chosen?.inlined === undefined) this.#frame[row] = this.#frameOf(chosen);
    return chosen;
  }

  #widen(stack: Int32Array): Int32Array<ArrayBuffer> {
    const wider = new Int32Array(stack.length * 2 + 64);
    wider.set(stack);
    this.#stack = wider;
    return wider;
  }

  #frameOf(name: CodeName | undefined): number {
    const symbol = name?.symbol ?? '';
    const module = name?.module ?? UNMAPPED;
    const key = `${symbol}\n${module}`;
    const known = this.#frameOfName.get(key);
    if (known !== undefined) return known;
    let frame: number;
    if (symbol === '' && module === JIT_MODULE) {
      frame = this.stacks.frame(
        describeForeignFrame({
          name: '(JavaScript without a name)',
          file: '',
          line: 0,
          column: 0,
          category: 'js',
        }),
        'js',
      );
    } else {
      const perf = readPerfFrame(symbol, module === UNMAPPED ? '[unknown]' : module);
      frame = this.stacks.frame(describeForeignFrame(perf, this.#context), perf.role);
    }
    this.#kind[frame] =
      symbol !== '' ? NAMED : module === JIT_MODULE ? NO_JIT_NAME : module === UNMAPPED ? NO_CODE : NO_NAME;
    this.#isLibc[frame] = /\/(?:libc|ld-musl|libpthread)[-.][^/]*$/.test(module);
    this.#frameOfName.set(key, frame);
    return frame;
  }

  #plain(name: string): number {
    const frame = this.stacks.frame({ ...ROOT_FRAME, name, category: 'native' }, 'plain');
    this.#kind[frame] = NAMED;
    return frame;
  }
}

const NAMED = 0;
const NO_NAME = 1;
const NO_JIT_NAME = 2;
const NO_CODE = 3;

function finish(
  assembly: StackAssembly,
  resolved: readonly (readonly CodeName[])[],
  survey: Survey,
  header: PerfDataHeader,
  readAt: ReadAt,
  names: NativeNames,
  jit: JitBooks,
  context: ReadProfileOptions,
  untold: boolean,
): PerfProfile {
  const notes: string[] = [...names.problems];
  if (survey.lost > 0) notes.push(`the kernel had no room for ${survey.lost} events`);
  if (!names.hasKernel && survey.events.some(({ excludesKernel }) => !excludesKernel))
    notes.push(
      'functions of the kernel have no names: its symbols could not be read (kptr_restrict, or another boot)',
    );
  let times: ThreadTime[] | undefined;
  const first = survey.firstTime;
  const isMonotonic = survey.events[0]?.clockId === CLOCK_MONOTONIC;
  const { startedMonotonicUs } = context;
  const offsetMs =
    startedMonotonicUs === undefined || !isMonotonic || !Number.isFinite(first)
      ? 0
      : first / 1e6 - startedMonotonicUs / 1000;
  const partial =
    survey.end === 'whole' || untold
      ? undefined
      : `the file ${survey.end === 'cut' ? 'ends' : 'is damaged'} after ${survey.samples} samples`;
  const clock = readClockData(readAt, header.features.get(FEATURE.clockData));
  const recordedAt =
    clock === undefined || !Number.isFinite(first)
      ? Number.NaN
      : (clock.wallNs - clock.clockNs + first) / 1e6;
  return {
    format: 'perf-data',
    profiles: buildPerfTrees(assembly.stacks, {
      events: assembly.events,
      mappedPids: new Set(jit.keys()),
      offsetMs,
      partial,
      notes,
    }),
    notes,
    ...(Math.abs(recordedAt) < 8.64e15 ? { recordedAt: new Date(recordedAt).toISOString() } : {}),
    quality: { ...assembly.quality, lost: survey.lost, namedPids: [...jit.keys()] },
    get threadTimes() {
      times ??= survey.switches.isEmpty
        ? []
        : survey.switches.threads(first, survey.lastTime, (tid) => survey.commands.get(tid) ?? `${tid}`);
      return times;
    },
    jit: jitAddresses(assembly.samples, resolved, survey),
    symbols: names.used(),
    pids: survey.spaces.spaces.slice(1).map(({ pid }) => pid),
    host: readFeatureText(readAt, header.features.get(FEATURE.hostname)),
  };
}

function jitAddresses(
  samples: Int32Array,
  resolved: readonly (readonly CodeName[])[],
  { addresses, spaces }: Survey,
): PerfProfile['jit'] {
  const found: PerfProfile['jit'] = [];
  for (let row = 0; row < samples.length; row++) {
    const names = resolved[row]!;
    if (samples[row] === 0 || names.every(({ module }) => module !== JIT_MODULE)) continue;
    const { pid } = spaces.spaces[addresses.spaceOf(row)]!;
    found.push({
      pid,
      address: addresses.addressOf(row),
      samples: samples[row]!,
      isNamed: names.some(({ symbol }) => symbol !== ''),
    });
  }
  return found;
}
