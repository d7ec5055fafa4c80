import { CATEGORIES, type CallTree } from './call-tree.ts';
import type { NamedTree } from './profile-file.ts';

/** A piece of text is handed out at about this many characters. */
const CHUNK = 64 * 1024;
const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';

/**
 * Writes trees as one speedscope file (https://www.speedscope.app/file-format-schema.json), profiles of the type
 * `sampled`, in pieces of about 64 kB: in time order where a tree has samples, else one stack per node with self
 * weight. The first tree is the one that is shown. Frames are shared; those of the kernel
 * are told by their file, `[kernel.kallsyms]`. Lines of code inside functions have no place in the format.
 */
export function* writeSpeedscope(profiles: readonly NamedTree[], name: string): Generator<string> {
  const rows = new SharedFrames();
  const rowsOf = profiles.map(({ tree }) => rows.rowsOf(tree));
  yield `{"$schema":"${SCHEMA}","exporter":"holter","name":${JSON.stringify(name)},"activeProfileIndex":0,"shared":{"frames":[`;
  for (let at = 0; at < rows.texts.length; at += 1000) {
    yield `${at === 0 ? '' : ',\n'}${rows.texts.slice(at, at + 1000).join(',\n')}`;
  }
  yield ']},"profiles":[';
  for (const [index, profile] of profiles.entries()) {
    if (index > 0) yield ',\n';
    yield* writeProfile(profile, rowsOf[index]!);
  }
  yield ']}\n';
}

const UNIT = { microseconds: 'microseconds', bytes: 'bytes', samples: 'none' } as const;

function* writeProfile({ name, tree }: NamedTree, rows: Int32Array): Generator<string> {
  const { time, node, weight } = tree.samples;
  const inTime = node.length > 0;
  const nodes = inTime ? node : nodesWithSelf(tree);
  const weights = inTime ? weight : Float64Array.from(nodes, (at) => tree.self[at]!);
  const gaps = inTime ? gapsBefore(tree.samples) : new Map<number, number>();
  const start = inTime ? time[0]! * 1000 : tree.unit === 'microseconds' ? tree.from * 1000 : 0;
  let sum = 0;
  for (const gap of gaps.values()) sum += gap;
  for (const own of weights) sum += own;
  yield `{"type":"sampled","name":${JSON.stringify(name)},"unit":"${UNIT[tree.unit]}","startValue":${start},"endValue":${start + sum},"samples":[`;
  yield* joined(nodes.length, (at) => `${gaps.has(at) ? '[],' : ''}${stackText(tree, nodes[at]!, rows)}`);
  yield '],\n"weights":[';
  yield* joined(nodes.length, (at) => `${gaps.has(at) ? `${gaps.get(at)},` : ''}${weights[at]}`);
  yield ']}';
}

/** µs before a sample that no sample covers, by its place: an empty stack in the file. */
function gapsBefore({ time, weight }: CallTree['samples']): Map<number, number> {
  const gaps = new Map<number, number>();
  for (let at = 1; at < time.length; at++) {
    const gap = (time[at]! - time[at - 1]!) * 1000 - weight[at - 1]!;
    // Less is what the sum of many times is off by.
    if (gap >= 1) gaps.set(at, gap);
  }
  return gaps;
}

function nodesWithSelf(tree: CallTree): Int32Array {
  const nodes: number[] = [];
  for (let node = 0; node < tree.length; node++) if (tree.self[node]! > 0) nodes.push(node);
  return Int32Array.from(nodes);
}

/** `[0,4,17]`: frames from the outermost on, without the root. */
function stackText(tree: CallTree, leaf: number, rows: Int32Array): string {
  const depth = tree.depth[leaf]!;
  const stack = new Array<number>(depth);
  let node = leaf;
  for (let at = depth - 1; at >= 0; at--) {
    stack[at] = rows[tree.frame[node]!]!;
    node = tree.parent[node]!;
  }
  return `[${stack.join(',')}]`;
}

function* joined(length: number, text: (at: number) => string): Generator<string> {
  let chunk = '';
  for (let at = 0; at < length; at++) {
    if (at > 0) chunk += ',';
    chunk += text(at);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** Frames of all trees as JSON, equal ones once. */
class SharedFrames {
  readonly texts: string[] = [];
  readonly #rows = new Map<string, number>();

  /** Row of the file by row of the tree's frame table. */
  rowsOf({ frames }: CallTree): Int32Array {
    return Int32Array.from({ length: frames.length }, (_, frame) => {
      const kernel = CATEGORIES[frames.category[frame]!] === 'kernel';
      const file = frames.file[frame] || (kernel ? '[kernel.kallsyms]' : '');
      const text = JSON.stringify({
        name: frames.name[frame],
        ...(file === '' ? {} : { file }),
        ...(frames.line[frame]! > 0 ? { line: frames.line[frame] } : {}),
        ...(frames.column[frame]! > 0 ? { col: frames.column[frame] } : {}),
      });
      let row = this.#rows.get(text);
      if (row === undefined) {
        row = this.texts.push(text) - 1;
        this.#rows.set(text, row);
      }
      return row;
    });
  }
}
