import type { CallTree } from './call-tree.ts';
import { MICROSECONDS_PER, tileSamples } from './profile-samples.ts';

const CHUNK_CHARACTERS = 64 * 1024;

/** readCpuProfile, like DevTools, does not believe in a last sample longer than this; a second one ends it. */
const LONGEST_TAIL_US = 20_000;
/** A node's hits where there are no samples to count: V8's default interval. */
const INTERVAL_US = 1000;

export interface WriteCpuProfileOptions {
  /** CLOCK_MONOTONIC of the tree's ms 0 in µs, as readCpuProfile takes it. Default 0. */
  startedMonotonicUs?: number;
}

/**
 * A `.cpuprofile` (Profiler.Profile of the inspector protocol) of any tree, in pieces of text: nodes with children, hits and
 * line ticks, samples in whole µs. Opens in Chrome DevTools, VS Code and readCpuProfile, which gives the same tree back
 * to 1 µs per sample. Trees without times of their own get made-up ones, see tileSamples: what lies under what,
 * and for how long, is right; when is not. The file holds time only: a sample counts 1 ms, a byte 1 µs.
 *
 * Lost: categories other than those V8 has names for ((garbage collector), (idle), (program)) — kernel and GC frames
 * of perf become native ones — and JS without a file, which V8 itself cannot tell from native code.
 */
export function* writeCpuProfile(tree: CallTree, options: WriteCpuProfileOptions = {}): Iterable<string> {
  const samples = tileSamples(tree);
  const start = Math.round(samples.start + (options.startedMonotonicUs ?? 0));
  const span = Math.round(samples.end);
  yield* inChunks(nodeTexts(tree), '{"nodes":[', ',');
  yield `],"startTime":${start},"endTime":${start + span},`;
  const tail = samples.length > 0 && samples.end - samples.time(samples.length - 1) > LONGEST_TAIL_US;
  const count = samples.length + (tail ? 1 : 0);
  const last = samples.length - 1;
  yield* inChunks(
    texts(count, (i) => String(samples.node(Math.min(i, last)) + 1)),
    '"samples":[',
    ',',
  );
  let before = 0;
  const delta = (i: number): string => {
    const time = i > last ? span : Math.round(samples.time(i));
    const text = String(time - before);
    before = time;
    return text;
  };
  yield* inChunks(texts(count, delta), '],"timeDeltas":[', ',');
  yield ']}\n';
}

function* texts(count: number, text: (index: number) => string): Iterable<string> {
  for (let i = 0; i < count; i++) yield text(i);
}

function* inChunks(parts: Iterable<string>, head: string, separator: string): Iterable<string> {
  let chunk = head;
  let first = true;
  for (const part of parts) {
    chunk += first ? part : separator + part;
    first = false;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function* nodeTexts(tree: CallTree): Iterable<string> {
  const { firstChild, nextSibling } = linkChildren(tree);
  const hits = countHits(tree);
  const ticks = ticksByNode(tree, hits);
  const calls: (string | undefined)[] = new Array(tree.frames.length);
  const scripts = new Map<string, number>([['', 0]]);
  for (let node = 0; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    calls[frame] ??= callFrame(tree, frame, scripts);
    let text = `{"id":${node + 1},"callFrame":${calls[frame]},"hitCount":${hits[node]}`;
    if (firstChild[node] !== -1) {
      text += ',"children":[';
      for (let child = firstChild[node]!; child !== -1; child = nextSibling[child]!) {
        text += child === firstChild[node] ? `${child + 1}` : `,${child + 1}`;
      }
      text += ']';
    }
    const lines = ticks.get(node);
    if (lines !== undefined) text += `,"positionTicks":[${lines.join(',')}]`;
    yield `${text}}`;
  }
}

/** V8's frame: places 0-based, −1 unknown, script ids by file, anonymous functions without a name. */
function callFrame({ frames }: CallTree, row: number, scripts: Map<string, number>): string {
  const file = frames.file[row]!;
  let script = scripts.get(file);
  if (script === undefined) {
    script = scripts.size;
    scripts.set(file, script);
  }
  const name = frames.name[row] === '(anonymous)' ? '' : frames.name[row]!;
  return JSON.stringify({
    functionName: name,
    scriptId: String(script),
    url: toUrl(file),
    lineNumber: frames.line[row]! - 1,
    columnNumber: frames.column[row]! - 1,
  });
}

/** Half a character, which no URL can hold. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Absolute paths as URLs, which editors open; a `?` or `#` would be read as the end of one. */
function toUrl(file: string): string {
  const path = /^[A-Za-z]:\//.test(file) ? `/${file}` : file;
  if (!path.startsWith('/') || path.startsWith('//') || /[?#]/.test(path) || LONE_SURROGATE.test(path))
    return file;
  return `file://${encodeURI(path)}`;
}

function linkChildren(tree: CallTree): { firstChild: Int32Array; nextSibling: Int32Array } {
  const firstChild = new Int32Array(tree.length).fill(-1);
  const nextSibling = new Int32Array(tree.length).fill(-1);
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node]!;
    nextSibling[node] = firstChild[parent]!;
    firstChild[parent] = node;
  }
  return { firstChild, nextSibling };
}

/** Samples by node; for trees without, what 1 ms sampling would have counted. */
function countHits(tree: CallTree): Int32Array {
  const hits = new Int32Array(tree.length);
  if (tree.samples.node.length > 0) for (const node of tree.samples.node) hits[node]!++;
  else {
    const scale = MICROSECONDS_PER[tree.unit];
    for (let node = 0; node < tree.length; node++) {
      const self = tree.self[node]! * scale;
      if (self > 0) hits[node] = Math.min(2 ** 31 - 1, Math.max(1, Math.round(self / INTERVAL_US)));
    }
  }
  return hits;
}

/** Line weights as shares of the node's hits, which is what V8's ticks are. */
function ticksByNode(tree: CallTree, hits: Int32Array): Map<number, string[]> {
  const ticks = new Map<number, string[]>();
  const { node, line, weight } = tree.lines;
  for (let i = 0; i < node.length; i++) {
    const at = node[i]!;
    const self = tree.self[at]!;
    if (!(self > 0 && weight[i]! > 0 && line[i]! > 0)) continue;
    const count = Math.max(1, Math.round((weight[i]! / self) * hits[at]!));
    const text = `{"line":${line[i]},"ticks":${count}}`;
    const known = ticks.get(at);
    if (known === undefined) ticks.set(at, [text]);
    else known.push(text);
  }
  return ticks;
}
