import { CATEGORIES, type CallTree, type FrameTable, PARTIES, type StackFrame } from '../cpu/call-tree.ts';
import type { Evidence } from '../doctor/evidence.ts';
import type { DoctorReport, Finding } from '../doctor/report.ts';
import type { Series } from '../metrics/series.ts';
import type { PageData, PageProfile, PageRoom, PageStuck } from './page-data.ts';

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
): PageData {
  const { manifest, vitals } = evidence;
  const trees: { thread: string; tree: CallTree }[] = [];
  if (evidence.main) trees.push({ thread: 'main thread', tree: evidence.main });
  for (const { thread, tree } of evidence.workers) trees.push({ thread, tree });
  if (evidence.allocation) trees.push({ thread: 'memory still alive', tree: evidence.allocation });
  if (evidence.allocationAll) trees.push({ thread: 'all allocations', tree: evidence.allocationAll });
  const cwd = report.target.cwd;
  return {
    schema: 'holter.page/1',
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
    profiles: trees.map(({ thread, tree }) => buildProfile(thread, tree, report)),
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
function buildSeries(series: Series): PageData['series'][number] {
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

function roomOfFrame(frames: FrameTable, index: number): PageRoom {
  const category = CATEGORIES[frames.category[index]!] ?? 'native';
  const party = PARTIES[frames.party[index]!] ?? 'none';
  if (category === 'gc' || category === 'idle' || category === 'kernel') return category;
  if (category === 'native' || category === 'program') return 'native';
  if (party !== 'none') return party;
  return frames.file[index] === '' ? 'native' : 'core';
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

/** Column of differences to the value before. */
function deltas(values: ArrayLike<number>, scale = 1): number[] {
  const out = new Array<number>(values.length);
  let before = 0;
  for (let i = 0; i < values.length; i++) {
    const now = Math.round(values[i]! * scale);
    out[i] = now - before;
    before = now;
  }
  return out;
}

function buildProfile(thread: string, tree: CallTree, report: DoctorReport): PageProfile {
  const { frames } = tree;
  const cwd = report.target.cwd;
  const files = frames.file.map((file) => shortPath(file, cwd));
  const parent = new Array<number>(tree.length);
  for (let i = 0; i < tree.length; i++) parent[i] = i === 0 ? 0 : i - tree.parent[i]!;
  const whole = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(value));
  return {
    thread,
    unit: tree.unit,
    from: round(tree.from, 1),
    to: round(tree.to, 1),
    frames: {
      name: frames.name.slice(0, frames.length),
      file: files,
      line: Array.from(frames.line.subarray(0, frames.length)),
      column: Array.from(frames.column.subarray(0, frames.length)),
      room: files.map((_, i) => roomOfFrame(frames, i)),
      package: frames.package.slice(0, frames.length),
    },
    nodes: {
      parent,
      frame: Array.from(tree.frame.subarray(0, tree.length)),
      self: whole(tree.self.subarray(0, tree.length)),
    },
    samples: {
      time: deltas(tree.samples.time, 100),
      node: deltas(tree.samples.node),
      weight: whole(tree.samples.weight),
    },
    lines: {
      node: deltas(tree.lines.node),
      line: Array.from(tree.lines.line),
      weight: whole(tree.lines.weight),
    },
    blamedNodes: report.findings.map((finding) => findBlamedNodes(tree, files, finding, cwd)),
    ...(tree.partial === undefined ? {} : { partial: tree.partial }),
  };
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
function findBlamedNodes(tree: CallTree, files: string[], finding: Finding, cwd: string): number[] {
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
