import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { JsonKeys } from '../base/json-keys.ts';
import { END, JsonReader } from '../base/json-reader.ts';
import { IntList } from '../base/number-list.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { emptyProfile, readProfileField } from './profile-fields.ts';
import type { NamedTree, ProfileFile, ReadProfileOptions } from './profile-file.ts';
import { buildProfileTree } from './profile-tree.ts';
import { type ProfilePart, type TraceProfile, TraceProfiles } from './trace-profiles.ts';

/**
 * Reads the CPU profiles in trace events, as Chrome's performance panel, `Tracing.start` and `node
 * --trace-event-categories` write them with category `disabled-by-default-v8.cpu_profiler`: one `Profile` and many
 * `ProfileChunk` events a thread (V8 src/profiler/profile-generator.cc; "Trace Event Format"), `{"traceEvents":[…]}` or
 * the bare array, whose end may be missing. One tree a thread, named by it, the busiest first. Other events are passed over
 * without being made into anything.
 * @throws HolterError E_FILE_FORMAT: no profile in it, E_FILE_TRUNCATED: cut before the first
 */
export function readChromeTrace(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const json = new JsonReader(source);
  const trace = new TraceReader(json);
  const kind = json.peek();
  if (kind === 'array') trace.readEvents();
  else if (kind === 'object') trace.readObject();
  else json.skip();
  json.finish();
  // The closing bracket of the bare array is optional.
  const isWhole = kind === 'array' && trace.events > 0 && json.damagedAt === source.size;
  const damage = isWhole ? undefined : json.describeDamage();
  const profiles = nameProfiles(trace, options, damage);
  if (profiles.length === 0) throw noProfile(trace.events, damage);
  return {
    format: 'chrome-trace',
    profiles,
    ...(trace.recordedAt === undefined ? {} : { recordedAt: trace.recordedAt }),
    notes: [],
  };
}

const EVENT = new JsonKeys(['name', 'args', 'pid', 'tid', 'ts', 'id', 'ph', 'cat', 'dur', 'tts', 'tdur']);
const ARGS = new JsonKeys(['data', 'name']);
const DATA = new JsonKeys(['cpuProfile', 'timeDeltas', 'lines', 'startTime', 'endTime']);

class TraceReader {
  readonly profiles = new TraceProfiles();
  /** By `pid tid` and by pid. */
  readonly threadNames = new Map<string, string>();
  readonly processNames = new Map<number, string>();
  events = 0;
  recordedAt: string | undefined;
  readonly #json: JsonReader;
  readonly #part: ProfilePart;
  readonly #batch = new Float64Array(1024);
  /** `args.name` of the event that is read. */
  #label: string | undefined;

  constructor(json: JsonReader) {
    this.#json = json;
    this.#part = {
      raw: emptyProfile(this.profiles.functions),
      lines: new IntList(),
      startTime: Number.NaN,
      endTime: Number.NaN,
    };
  }

  readObject(): void {
    const json = this.#json;
    json.enterObject();
    for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
      if (name === 'traceEvents') this.readEvents();
      else if (name === 'metadata') this.#readMetadata();
      else json.skip();
    }
  }

  readEvents(): void {
    const json = this.#json;
    if (!json.enterArray()) return;
    while (json.nextElement()) if (json.enterObject()) this.#readEvent();
  }

  /** Of traces saved by DevTools. */
  #readMetadata(): void {
    const json = this.#json;
    if (!json.enterObject()) return;
    for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
      if (name !== 'startTime') {
        json.skip();
        continue;
      }
      const time = Date.parse(json.readString() ?? '');
      if (!Number.isNaN(time)) this.recordedAt = new Date(time).toISOString();
    }
  }

  #readEvent(): void {
    const json = this.#json;
    let name: string | undefined;
    let id = '';
    let pid = 0;
    let tid = Number.NaN;
    let at = Number.NaN;
    this.#clear();
    for (;;) {
      const key = json.nextKey(EVENT);
      if (key === END) break;
      if (key === 0) name = json.readString();
      else if (key === 1) this.#readArgs();
      else if (key === 2) pid = json.readNumber(0);
      else if (key === 3) tid = json.readNumber(Number.NaN);
      else if (key === 4) at = json.readNumber(Number.NaN);
      else if (key === 5)
        id = json.peek() === 'number' ? String(json.readNumber(0)) : (json.readString() ?? '');
      else json.skip();
    }
    this.events++;
    if (name === 'ProfileChunk') this.profiles.of(pid, id).add(this.#part, at);
    else if (name === 'Profile') this.#open(this.profiles.of(pid, id), tid);
    else if (name === 'CpuProfile') {
      // What Chrome wrote before version 58: the whole of it in one event.
      const profile = this.profiles.of(pid, `whole ${id} ${tid}`);
      this.#part.startTime = this.#part.raw.startTime;
      this.#part.endTime = this.#part.raw.endTime;
      this.#open(profile, tid);
      profile.add(this.#part, at);
    } else if (name === 'thread_name' && this.#label !== undefined)
      this.threadNames.set(`${pid} ${tid}`, this.#label);
    else if (name === 'process_name' && this.#label !== undefined) this.processNames.set(pid, this.#label);
  }

  #open(profile: TraceProfile, tid: number): void {
    profile.tid = tid;
    if (!Number.isNaN(this.#part.startTime)) profile.raw.startTime = this.#part.startTime;
  }

  #clear(): void {
    const { raw, lines } = this.#part;
    this.#label = undefined;
    this.#part.startTime = Number.NaN;
    this.#part.endTime = Number.NaN;
    raw.startTime = Number.NaN;
    raw.endTime = Number.NaN;
    raw.sum = 0;
    const { nodes, samples, deltas } = raw;
    const { id, parentId, fn, hits, childId, childEnd, tickNode, tickLine, ticks } = nodes;
    for (const column of [id, parentId, fn, hits, childId, childEnd, tickNode, tickLine, ticks])
      column.length = 0;
    samples.length = 0;
    deltas.length = 0;
    lines.length = 0;
  }

  #readArgs(): void {
    const json = this.#json;
    if (!json.enterObject()) return;
    for (;;) {
      const key = json.nextKey(ARGS);
      if (key === END) break;
      if (key === 0) this.#readData();
      else if (key === 1) this.#label = json.readString();
      else json.skip();
    }
  }

  /** Events of other kinds have `data` too; what looks like ours in it is thrown away when the name is known. */
  #readData(): void {
    const json = this.#json;
    const part = this.#part;
    if (!json.enterObject()) return;
    for (;;) {
      const key = json.nextKey(DATA);
      if (key === END) break;
      if (key === 0) this.#readProfile();
      else if (key === 1) readProfileField(json, 'timeDeltas', part.raw);
      else if (key === 2) this.#readLines();
      else if (key === 3) part.startTime = json.readNumber(Number.NaN);
      else if (key === 4) part.endTime = json.readNumber(Number.NaN);
      else json.skip();
    }
  }

  #readProfile(): void {
    const json = this.#json;
    if (!json.enterObject()) return;
    for (let name = json.nextName(); name !== undefined; name = json.nextName())
      if (!readProfileField(json, name, this.#part.raw)) json.skip();
  }

  #readLines(): void {
    const json = this.#json;
    if (!json.enterArray()) return;
    const { lines } = this.#part;
    for (let count = json.readNumbers(this.#batch); count > 0; count = json.readNumbers(this.#batch))
      for (let i = 0; i < count; i++) {
        const line = this.#batch[i]!;
        lines.push(line > 0 && line < 0x7fffffff ? line : 0);
      }
  }
}

function nameProfiles(
  trace: TraceReader,
  options: ReadProfileOptions,
  damage: string | undefined,
): NamedTree[] {
  const found = trace.profiles.all().filter(({ raw }) => raw.nodes.length > 0);
  const names = found.map((profile) => threadName(trace, profile));
  const made = found.map((profile, i) => {
    const notes = damage === undefined ? [] : [damage];
    if (Number.isNaN(profile.tid)) notes.push('the event that begins the profile is missing');
    const raw = profile.finish();
    const tree = buildProfileTree(raw, options, notes);
    const twins = names.filter((name) => name === names[i]).length > 1;
    const process = trace.processNames.get(profile.pid);
    const owner = process === undefined ? `pid ${profile.pid}` : `${lastPart(process)} ${profile.pid}`;
    return { name: twins ? `${names[i]} (${owner})` : names[i]!, tree, busy: busyTime(tree) };
  });
  made.sort((a, b) => b.busy - a.busy);
  return made.map(({ name, tree }, i) => {
    const before = made.slice(0, i).filter((other) => other.name === name).length;
    return { name: before === 0 ? name : `${name} ${before + 1}`, tree };
  });
}

/** `main`, `worker 2 resize`, `CrRendererMain`. */
function threadName(trace: TraceReader, { pid, tid }: TraceProfile): string {
  const name = trace.threadNames.get(`${pid} ${tid}`);
  if (name === undefined) return Number.isNaN(tid) ? `process ${pid}` : `thread ${tid}`;
  if (name === 'JavaScriptMainThread') return 'main';
  // Node: `[worker 1]`, from 24 on with the name of the worker behind it, by default WorkerThread.
  const worker = /^\[worker (\d+)\] ?(.*)$/.exec(name);
  if (worker === null) return name;
  return worker[2] === '' || worker[2] === 'WorkerThread'
    ? `worker ${worker[1]}`
    : `worker ${worker[1]} ${worker[2]}`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Weight of what is neither idle nor V8's own. */
function busyTime(tree: CallTree): number {
  const idle = CATEGORIES.indexOf('idle');
  const program = CATEGORIES.indexOf('program');
  let sum = 0;
  for (let node = 0; node < tree.length; node++) {
    const category = tree.frames.category[tree.frame[node]!]!;
    if (category !== idle && category !== program) sum += tree.self[node]!;
  }
  return sum;
}

function noProfile(events: number, damage: string | undefined): HolterError {
  if (damage !== undefined)
    return new HolterError(
      events === 0 ? 'E_FILE_FORMAT' : 'E_FILE_TRUNCATED',
      `trace events: no CPU profile in what can be read (${damage})`,
      { hint: 'record it again' },
    );
  return new HolterError('E_FILE_FORMAT', `trace events: none of ${events} is a chunk of a CPU profile`, {
    hint: 'record with the category disabled-by-default-v8.cpu_profiler, e.g. node --trace-event-categories v8,disabled-by-default-v8.cpu_profiler',
  });
}
