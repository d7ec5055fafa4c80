import { gzipSync } from 'node:zlib';
import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { ProtobufMessage } from './protobuf-message.ts';

export interface WritePprofOptions {
  /** ISO time of recording. Default none, so that equal trees give equal bytes. */
  recordedAt?: string;
}

/** zlib takes no more at once, and no reader of pprof would. */
const LARGEST = 2 ** 31 - 1;
const KERNEL_MAPPING = 1;

/**
 * Writes a call tree as a pprof profile (github google/pprof, proto/profile.proto), gzip compressed: `samples/count`
 * and `cpu/nanoseconds` for time (the latter alone when the tree has no samples to count), `space/bytes` for
 * allocations, `samples/count` for counts. pprof has no order of time: it is left out, as are party and package,
 * which follow from the file names. A function's column goes to `Line.column`; self weight that is known by line
 * becomes samples of that line, without a column. Equal trees give equal bytes.
 * @throws HolterError E_WRITE over 2 GB
 */
export function writePprof(tree: CallTree, options: WritePprofOptions = {}): Uint8Array {
  const strings = new StringTable();
  const profile = new ProtobufMessage();
  const types = sampleTypes(tree);
  for (const [type, unit] of types) {
    profile.message(1, new ProtobufMessage().number(1, strings.row(type)).number(2, strings.row(unit)));
  }
  const counts = countSamples(tree);
  const locations = new LocationTable(tree);
  writeSamples(profile, tree, types, counts, locations);
  locations.write(profile, strings);
  const [type, unit] = types.at(-1)!;
  const sampled = tree.samples.node.length;
  if (tree.unit === 'microseconds' && sampled > 0) {
    profile.message(11, new ProtobufMessage().number(1, strings.row(type)).number(2, strings.row(unit)));
    profile.number(12, whole((tree.total[0]! * 1000) / sampled));
  }
  // Nanoseconds since 1970 are beyond what a number holds exactly.
  const recorded = Date.parse(options.recordedAt ?? '');
  if (recorded > 0) profile.number(9, BigInt(recorded) * 1_000_000n);
  profile.number(10, whole((tree.to - tree.from) * 1e6));
  profile.number(14, strings.row(type));
  for (const text of strings.texts) profile.text(6, text);
  return gzipSync(profile.finish());
}

type SampleType = readonly [type: string, unit: string];

function sampleTypes(tree: CallTree): SampleType[] {
  if (tree.unit === 'bytes') return [['space', 'bytes']];
  if (tree.unit === 'samples') return [['samples', 'count']];
  const time: SampleType = ['cpu', 'nanoseconds'];
  return tree.samples.node.length === 0 ? [time] : [['samples', 'count'], time];
}

/** Samples by node. */
function countSamples(tree: CallTree): Int32Array {
  const counts = new Int32Array(tree.length);
  for (const node of tree.samples.node) counts[node]!++;
  return counts;
}

/** One sample per node with weight, or one per line of it that is known. */
function writeSamples(
  profile: ProtobufMessage,
  tree: CallTree,
  types: readonly SampleType[],
  counts: Int32Array,
  locations: LocationTable,
): void {
  const scale = tree.unit === 'microseconds' ? 1000 : 1;
  const byNode = linesByNode(tree);
  const stack: number[] = [];
  const values: number[] = [];
  const sample = new ProtobufMessage();
  const write = (count: number, weight: number): void => {
    if (count === 0 && weight === 0) return;
    values.length = 0;
    if (types.length === 2) values.push(count);
    values.push(weight);
    profile.message(2, sample.clear().numbers(1, stack).numbers(2, values));
    if (profile.length > LARGEST) {
      throw new HolterError('E_WRITE', 'this profile is larger than 2 GB as pprof', {
        hint: 'write it as .cpuprofile or .speedscope.json, which share what stacks have in common',
      });
    }
  };
  for (let node = 0; node < tree.length; node++) {
    const self = whole(tree.self[node]! * scale);
    const count = counts[node]!;
    if (self === 0 && count === 0) continue;
    stack.length = 0;
    for (let at = node; at > 0; at = tree.parent[at]!) stack.push(locations.ofNode(at));
    // Rounded as a running sum, so that the parts add up to the node.
    let weight = 0;
    let part = 0;
    const writePart = (line: number, sum: number): void => {
      const weightTo = Math.min(self, whole(sum * scale));
      const countTo = self === 0 ? count : Math.round((count * weightTo) / self);
      stack[0] = locations.ofLeaf(node, line);
      write(countTo - part, weightTo - weight);
      weight = weightTo;
      part = countTo;
    };
    let sum = 0;
    for (let at = byNode.first[node]!; at >= 0 && node > 0; at = byNode.next[at]!) {
      sum += tree.lines.weight[at]!;
      writePart(tree.lines.line[at]!, sum);
    }
    if (node > 0) stack[0] = locations.ofLeaf(node, 0);
    write(count - part, self - weight);
  }
}

/** Rows of `tree.lines` by node, as linked lists in the order of the table. */
function linesByNode(tree: CallTree): { first: Int32Array; next: Int32Array } {
  const first = new Int32Array(tree.length).fill(-1);
  const next = new Int32Array(tree.lines.node.length).fill(-1);
  for (let at = tree.lines.node.length - 1; at >= 0; at--) {
    const node = tree.lines.node[at]!;
    next[at] = first[node]!;
    first[node] = at;
  }
  return { first, next };
}

/** Locations by function and line; id 1 is the first. */
class LocationTable {
  readonly #tree: CallTree;
  readonly #ids = new Map<number, number>();
  readonly #frame: number[] = [];
  readonly #line: number[] = [];
  readonly #column: number[] = [];

  constructor(tree: CallTree) {
    this.#tree = tree;
  }

  /** Location of a caller: its function's place. */
  ofNode(node: number): number {
    const { frames, frame } = this.#tree;
    const row = frame[node]!;
    return this.#id(row, frames.line[row]!, frames.column[row]!);
  }

  /** Location on top of a stack, at a line that ran (0 unknown). The column tells a function's place from a line that ran. */
  ofLeaf(node: number, line: number): number {
    const { frames, frame } = this.#tree;
    const row = frame[node]!;
    if (line > 0) return this.#id(row, line, 0);
    return frames.column[row]! > 0 ? this.ofNode(node) : this.#id(row, 0, 0);
  }

  #id(frame: number, line: number, column: number): number {
    // A line that ran has no column, so the sign can tell the two kinds apart.
    const key = (frame * 2 ** 26 + (line % 2 ** 26)) * (column > 0 ? -1 : 1);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#frame.push(frame);
      this.#line.push(line);
      this.#column.push(column);
      this.#ids.set(key, id);
    }
    return id;
  }

  /** Writes locations, functions (their id is the row in the frame table + 1) and the mapping of the kernel. */
  write(profile: ProtobufMessage, strings: StringTable): void {
    const { frames } = this.#tree;
    const kernel = CATEGORIES.indexOf('kernel');
    if (this.#frame.some((row) => frames.category[row] === kernel)) {
      const name = strings.row('[kernel.kallsyms]');
      profile.message(3, new ProtobufMessage().number(1, KERNEL_MAPPING).number(5, name).number(7, 1));
    }
    const used = new Uint8Array(frames.length);
    for (const [index, row] of this.#frame.entries()) {
      used[row] = 1;
      const line = new ProtobufMessage()
        .number(1, row + 1)
        .number(2, this.#line[index]!)
        .number(3, this.#column[index]!);
      const location = new ProtobufMessage().number(1, index + 1);
      if (frames.category[row] === kernel) location.number(2, KERNEL_MAPPING);
      profile.message(4, location.message(4, line));
    }
    for (let row = 0; row < frames.length; row++) {
      if (used[row] === 0) continue;
      const name = strings.row(frames.name[row]!);
      const fn = new ProtobufMessage()
        .number(1, row + 1)
        .number(2, name)
        .number(3, name)
        .number(4, strings.row(frames.file[row]!))
        .number(5, frames.line[row]!);
      profile.message(5, fn);
    }
  }
}

class StringTable {
  readonly texts: string[] = [''];
  readonly #rows = new Map([['', 0]]);

  row(text: string): number {
    let row = this.#rows.get(text);
    if (row === undefined) {
      row = this.texts.push(text) - 1;
      this.#rows.set(text, row);
    }
    return row;
  }
}

/** pprof counts in whole numbers. */
function whole(value: number): number {
  return value > 0 && value < Number.MAX_SAFE_INTEGER ? Math.round(value) : 0;
}
