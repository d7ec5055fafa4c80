import type { CallTree, FrameTable, StackFrame } from '../cpu/call-tree.ts';
import { busyWeights, chargeUserFunctions } from '../cpu/charged.ts';
import { findCallLines } from '../cpu/hot-lines.ts';
import type { Evidence } from '../doctor/evidence.ts';
import type { DoctorReport, Finding } from '../doctor/report.ts';
import type { Series } from '../metrics/series.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { buildPageWaits, quoteWaitSources } from './build-async-page.ts';
import { pageRoomOfFrame } from './frame-room.ts';
import { type DoctorPage, PAGE_ROOMS, type PageProfile, type PageRoom, type PageStuck } from './page-data.ts';
import { quoteSources } from './quote-sources.ts';
import { shortPath } from './short-path.ts';

/** Points of one series the page can show: more than three per pixel of its widest chart. */
const MAX_POINTS = 4000;

/**
 * Everything the page shows, from the models of one recording. Pure. `recording.bytes` is the size of the recording
 * folder, `recording.name` its name, `recording.holter` the version.
 */
export function buildPageData(
  evidence: Evidence,
  report: DoctorReport,
  recording: { name: string; bytes: number; holter: string },
): DoctorPage {
  const { manifest, vitals } = evidence;
  const trees: { thread: string; tree: CallTree }[] = [];
  if (evidence.main) trees.push({ thread: 'main thread', tree: evidence.main });
  for (const { thread, tree } of evidence.workers) trees.push({ thread, tree });
  if (evidence.allocation) trees.push({ thread: 'memory still alive', tree: evidence.allocation });
  if (evidence.allocationAll) trees.push({ thread: 'all allocations', tree: evidence.allocationAll });
  const cwd = report.target.cwd;
  const recorded = evidence.async;
  const waits = recorded === undefined ? undefined : buildPageWaits(recorded.operations, recorded.waits, cwd);
  return {
    schema: 'holter.page/2',
    kind: 'doctor',
    subject: { verb: 'doctor', name: report.target.name, detail: `pid ${report.target.pid}` },
    report,
    holter: recording.holter,
    recording: recording.name,
    recordingBytes: recording.bytes,
    requestedSeconds: manifest.window.requestedSeconds,
    access: manifest.access,
    ...(manifest.accessProblem === undefined ? {} : { accessProblem: manifest.accessProblem }),
    ...(evidence.stuck ? { stuck: buildStuck(evidence.stuck, cwd) } : {}),
    series: [...vitals.series.values()].map(buildSeries),
    blocked: vitals.blocked.map(({ at, ms, open }) => ({
      at: round(at, 1),
      ms: round(ms, 1),
      ...(open ? { open } : {}),
    })),
    gc: vitals.gc.map(({ at, ms, kind }) => ({ at: round(at, 1), ms: round(ms, 2), kind })),
    profiles: trees.map(({ thread, tree }) => {
      const profile = buildPageProfile(thread, tree, { cwd, book: evidence.sources });
      const { file } = profile.frames;
      return {
        ...profile,
        blamedNodes: report.findings.map((finding) => findBlamedNodes(tree, file, finding, cwd)),
      };
    }),
    ...(waits === undefined ? {} : { waits }),
    sources: {
      ...(recorded === undefined || waits === undefined
        ? {}
        : quoteWaitSources(recorded.operations, waits, evidence.sources, cwd)),
      ...quoteSources(
        trees.map(({ tree }) => tree),
        evidence.sources,
        cwd,
      ),
    },
  };
}

/** Rounds to `digits` decimals. */
function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** Keeps 4 significant digits below 10 000 and whole numbers above: what a chart of 400 px can show. */
function roundForChart(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (Math.abs(value) >= 1000) return Math.round(value);
  return Number(value.toPrecision(4));
}

/**
 * Over MAX_POINTS several values fall into one point; the highest stays, because what is looked for here are peaks.
 * A run of gaps only stays a gap.
 */
function buildSeries(series: Series): DoctorPage['series'][number] {
  const { name, time, value } = series;
  const step = Math.max(1, Math.ceil(time.length / MAX_POINTS));
  const t: number[] = [];
  const v: (number | null)[] = [];
  for (let i = 0; i < time.length; i += step) {
    let peak = Number.NaN;
    for (let k = i; k < Math.min(i + step, time.length); k++) {
      if (!(value[k]! <= peak) && Number.isFinite(value[k]!)) peak = value[k]!;
    }
    t.push(Math.round(time[i]!));
    v.push(roundForChart(peak));
  }
  return { name, t, v, ...(series.masked ? { masked: series.masked } : {}) };
}

/** The page's room by frame. */
function roomsOf(frames: FrameTable): Uint8Array {
  const rooms = new Uint8Array(frames.length);
  for (let i = 0; i < rooms.length; i++) rooms[i] = PAGE_ROOMS.indexOf(pageRoomOfFrame(frames, i));
  return rooms;
}

/** Whole weights where that still leaves six digits of the sum; shares and other small numbers stay as they are. */
function roundWeights(weights: Float64Array, sum: number): Float64Array {
  if (sum < 1000) return weights.slice();
  const scale = sum < 1e6 ? 1000 : 1;
  const out = new Float64Array(weights.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.round(weights[i]! * scale) / scale;
  return out;
}

/** Times in hundredths of a ms. */
function roundTimes(times: Float64Array): Float64Array {
  const out = new Float64Array(times.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.round(times[i]! * 100) / 100;
  return out;
}

/**
 * Samples a page carries at most: its time chart has 1500 pixels, and more make a page that no browser likes to open.
 */
export const MAX_PAGE_SAMPLES = 1_000_000;

/**
 * Of too many samples every nth, each with the weight of all it stands for. Weights of nodes are not made from them, so
 * that only what is counted inside a time range is estimated.
 */
function thinSamples(samples: CallTree['samples']): CallTree['samples'] {
  const step = Math.ceil(samples.time.length / MAX_PAGE_SAMPLES);
  if (step <= 1) return samples;
  const length = Math.ceil(samples.time.length / step);
  const time = new Float64Array(length);
  const node = new Int32Array(length);
  const weight = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const from = i * step;
    const to = Math.min(from + step, samples.time.length);
    time[i] = samples.time[from]!;
    // Not always the first one: a program in step with the sampler would show one function only.
    node[i] = samples.node[from + (i % (to - from))]!;
    for (let k = from; k < to; k++) weight[i]! += samples.weight[k]!;
  }
  return { time, node, weight };
}

/** Whether every sample weighs the time up to the next one, as far as the rounding of times can tell. */
function weighsTheTime(samples: CallTree['samples'], to: number): boolean {
  const { time, weight } = samples;
  for (let i = 0; i < time.length; i++) {
    const next = i + 1 < time.length ? time[i + 1]! : to;
    if (!(Math.abs((next - time[i]!) * 1000 - weight[i]!) <= 2)) return false;
  }
  return true;
}

/**
 * `before`: self weight by node of the other profile in a comparison, on the scale of `tree.self`. `book`: sources, in
 * which the lines of expensive calls are looked for.
 */
export interface PageProfileOptions {
  cwd: string;
  before?: Float64Array;
  book?: SourceBook;
}

/**
 * A call tree as the page takes it: `thread` is its name in the list of profiles, files are shortened against `cwd`.
 * Weights and times are rounded to what can be seen; `blamedNodes` is empty.
 */
export function buildPageProfile(
  thread: string,
  tree: CallTree,
  { cwd, before, book }: PageProfileOptions,
): PageProfile {
  const { frames, lines } = tree;
  const samples = thinSamples(tree.samples);
  const files = shortPaths(frames, cwd);
  const timed = tree.unit === 'microseconds' && weighsTheTime(samples, tree.to);
  let whole = 0;
  for (let i = 0; i < tree.length; i++) whole += tree.self[i]!;
  return {
    thread,
    unit: tree.unit,
    from: round(tree.from, 2),
    to: round(tree.to, 2),
    frames: {
      name: frames.name.slice(0, frames.length),
      file: files,
      line: frames.line.slice(0, frames.length),
      column: frames.column.slice(0, frames.length),
      room: roomsOf(frames),
      package: frames.package.slice(0, frames.length),
    },
    nodes: {
      parent: tree.parent.slice(0, tree.length),
      frame: tree.frame.slice(0, tree.length),
      self: roundWeights(tree.self.subarray(0, tree.length), whole),
    },
    samples: {
      time: roundTimes(samples.time),
      node: samples.node.slice(),
      weight: timed ? new Float64Array(0) : roundWeights(samples.weight, whole),
    },
    ...(before === undefined ? {} : { before: roundWeights(before.subarray(0, tree.length), whole) }),
    lines: { node: lines.node.slice(), line: lines.line.slice(), weight: roundWeights(lines.weight, whole) },
    ...(book === undefined ? {} : { calls: findCalls(tree, book, whole) }),
    blamedNodes: [],
    ...(tree.partial === undefined ? {} : { partial: tree.partial }),
  };
}

function findCalls(tree: CallTree, book: SourceBook, whole: number): NonNullable<PageProfile['calls']> {
  const weights = busyWeights(tree);
  const found = findCallLines(tree, weights, chargeUserFunctions(tree, weights), book);
  return {
    frame: Int32Array.from(found, ({ caller }) => caller),
    callee: Int32Array.from(found, ({ callee }) => callee),
    line: Int32Array.from(found, ({ line }) => line),
    weight: roundWeights(
      Float64Array.from(found, ({ weight }) => weight),
      whole,
    ),
  };
}

/** The short path of every frame; a file has many functions. */
function shortPaths(frames: FrameTable, cwd: string): string[] {
  const known = new Map<string, string>();
  const out = new Array<string>(frames.length);
  for (let i = 0; i < frames.length; i++) {
    const file = frames.file[i]!;
    let short = known.get(file);
    if (short === undefined) {
      short = shortPath(file, cwd);
      known.set(file, short);
    }
    out[i] = short;
  }
  return out;
}

/** `Session.hash` and `hash` are one function to a reader; V8 gives either, depending on how it was defined. */
function sameFunction(a: string, b: string): boolean {
  if (a === b) return true;
  const anonymous = (name: string) => name === '' || name === '(anonymous)' || name === '<anonymous>';
  if (anonymous(a) || anonymous(b)) return anonymous(a) && anonymous(b);
  return a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

/**
 * Nodes of the function a finding blames first. Several functions of one file may share a name (above all none): then
 * only the one that starts closest above the blamed line is meant.
 */
function findBlamedNodes(tree: CallTree, files: readonly string[], finding: Finding, cwd: string): number[] {
  const blamed = finding.where[0];
  if (!blamed) return [];
  const file = shortPath(blamed.file, cwd);
  const matches: number[] = [];
  let start = -1;
  for (let i = 0; i < tree.frames.length; i++) {
    if (files[i] !== file || !sameFunction(tree.frames.name[i]!, blamed.function)) continue;
    matches.push(i);
    const line = tree.frames.line[i]!;
    if (line <= blamed.line && line > start) start = line;
  }
  const meant = new Set(
    matches.filter((i) => blamed.line === 0 || start < 0 || tree.frames.line[i] === start),
  );
  const nodes: number[] = [];
  if (meant.size === 0) return nodes;
  for (let i = 0; i < tree.length; i++) if (meant.has(tree.frame[i]!)) nodes.push(i);
  return nodes;
}

function roomOfStackFrame(frame: StackFrame): PageRoom {
  return frame.party === 'none' ? 'native' : frame.party;
}

function buildStuck(stuck: NonNullable<Evidence['stuck']>, cwd: string): PageStuck {
  const { native } = stuck;
  const children = native?.children.map((child) => `child ${child.pid}: ${child.command}`) ?? [];
  const facts = native
    ? [
        `thread state ${native.state}`,
        native.waitChannel && `kernel function ${native.waitChannel}`,
        native.syscall && `system call ${native.syscall}`,
        native.file && `on ${native.file}`,
        `${round(native.cpuPercent, 0)} % CPU`,
        ...children,
      ]
    : [];
  return {
    since: round(stuck.since, 1),
    ms: round(stuck.ms, 1),
    frames: stuck.frames.map((frame) => ({
      function: frame.function,
      file: shortPath(frame.file, cwd),
      line: frame.line,
      room: roomOfStackFrame(frame),
      values: (frame.values ?? []).map(({ name, value }) => `${name} = ${value}`).join(', '),
    })),
    native: facts.filter(Boolean).join(' · '),
  };
}
