import { type CallTree, type FrameTable, PARTIES, type StackFrame } from '../cpu/call-tree.ts';
import type { Evidence } from '../doctor/evidence.ts';
import type { DoctorReport, Finding } from '../doctor/report.ts';
import type { Series } from '../metrics/series.ts';
import { roomOfFrame } from './frame-room.ts';
import { type DoctorPage, PAGE_ROOMS, type PageProfile, type PageRoom, type PageStuck } from './page-data.ts';

/** Points of one series the page can show: more than three per pixel of its widest chart. */
const MAX_POINTS = 4000;

/** Bounds of the source texts in a page: files, characters of one (larger ones are bundles), characters of all. */
const SOURCE_FILES = 200;
const SOURCE_LENGTH = 400_000;
const SOURCES_LENGTH = 1_500_000;

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
      const profile = buildPageProfile(thread, tree, { cwd });
      const { file } = profile.frames;
      return {
        ...profile,
        blamedNodes: report.findings.map((finding) => findBlamedNodes(tree, file, finding, cwd)),
      };
    }),
    sources: collectSources(
      trees.map(({ tree }) => tree),
      (file) => evidence.sources.lines(file),
      cwd,
    ),
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

/**
 * The path as the engineer would type it: relative below `cwd`, from the package name on inside node_modules.
 * Other paths stay whole.
 */
export function shortPath(file: string, cwd: string): string {
  const path = fromFileUrl(file).replaceAll('\\', '/');
  const modules = /^(?:.*\/)?node_modules\//s.exec(path);
  if (modules) return path.slice(modules[0].length);
  const base = cwd.replaceAll('\\', '/').replace(/\/+$/, '');
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
}

/** `file://` paths are percent-encoded; what does not decode is taken as it stands. */
function fromFileUrl(file: string): string {
  if (!file.startsWith('file://')) return file;
  const path = file.slice('file://'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The page's room by frame. */
function roomsOf(frames: FrameTable): Uint8Array {
  const rooms = new Uint8Array(frames.length);
  for (let i = 0; i < rooms.length; i++) rooms[i] = PAGE_ROOMS.indexOf(roomOfFrame(frames, i));
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

/** Whether every sample weighs the time up to the next one, as far as the rounding of times can tell. */
function weighsTheTime(samples: CallTree['samples'], to: number): boolean {
  const { time, weight } = samples;
  for (let i = 0; i < time.length; i++) {
    const next = i + 1 < time.length ? time[i + 1]! : to;
    if (!(Math.abs((next - time[i]!) * 1000 - weight[i]!) <= 2)) return false;
  }
  return true;
}

/** `before`: self weight by node of the other profile in a comparison, on the scale of `tree.self`. */
export interface PageProfileOptions {
  cwd: string;
  before?: Float64Array;
}

/**
 * A call tree as the page takes it: `thread` is its name in the list of profiles, files are shortened against `cwd`.
 * Weights and times are rounded to what can be seen; `blamedNodes` is empty.
 */
export function buildPageProfile(
  thread: string,
  tree: CallTree,
  { cwd, before }: PageProfileOptions,
): PageProfile {
  const { frames, samples, lines } = tree;
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
    blamedNodes: [],
    ...(tree.partial === undefined ? {} : { partial: tree.partial }),
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

/**
 * Texts of the user's files in the trees, by the path the page names them with: heaviest first, as long as they fit.
 * `lines` is asked with the path as it stands in the tree.
 */
export function collectSources(
  trees: readonly CallTree[],
  lines: (file: string) => readonly string[] | undefined,
  cwd: string,
): Record<string, string> {
  const weightOf = new Map<string, number>();
  for (const { frames, frame, parent, self, length } of trees) {
    // Time goes to the closest function of the user above: that is the line a reader can change.
    const owner = new Int32Array(length).fill(-1);
    for (let i = 1; i < length; i++) {
      const f = frame[i]!;
      const mine = PARTIES[frames.party[f]!] === 'user' && frames.file[f] !== '';
      owner[i] = mine ? f : owner[parent[i]!]!;
      if (owner[i]! < 0) continue;
      const file = frames.file[owner[i]!]!;
      weightOf.set(file, (weightOf.get(file) ?? 0) + self[i]!);
    }
  }
  const out: Record<string, string> = {};
  let room = SOURCES_LENGTH;
  for (const [file] of [...weightOf].sort((a, b) => b[1] - a[1]).slice(0, SOURCE_FILES)) {
    const text = lines(file)?.join('\n');
    if (text === undefined || text.length > room || text.length > SOURCE_LENGTH) continue;
    out[shortPath(file, cwd)] = text;
    room -= text.length;
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
