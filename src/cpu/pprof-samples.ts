import type { CallTree } from './call-tree.ts';
import type { PprofFrames } from './pprof-frames.ts';
import type { PprofTables } from './pprof-tables.ts';
import { ProtobufCursor, WIRE } from './protobuf-cursor.ts';
import { StackWeights } from './stack-weights.ts';

/** More threads than this are summed up as one. */
const THREAD_LIMIT = 100;

/** One thread of the file: a tree per sample type. */
export interface PprofThread {
  name: string;
  trees: CallTree[];
}

/**
 * Grows the trees: one per thread (by the labels `thread name`, `thread id` and the like; all samples are one thread
 * when none has one) and sample type. `negative` and `damaged` count what was left out.
 */
export function growPprofTrees(
  bytes: Uint8Array,
  tables: PprofTables,
  frames: PprofFrames,
  types: readonly { unit: CallTree['unit']; divisor: number }[],
): { threads: PprofThread[]; negative: number; damaged: number } {
  const growing: GrowingThread[] = [];
  const byLabel = new Map<string, GrowingThread>();
  const sample = new SampleCursor(bytes, tables, types.length);
  let negative = 0;
  let damaged = 0;
  for (let row = 0; row < tables.samples.length; row++) {
    if (!sample.read(tables.samples.from[row]!, tables.samples.to[row]!)) damaged++;
    let thread = byLabel.get(sample.thread);
    if (thread === undefined) {
      if (growing.length < THREAD_LIMIT) {
        thread = new GrowingThread(sample.thread, tables, frames, types.length);
        growing.push(thread);
      } else {
        thread = growing[THREAD_LIMIT - 1]!;
        thread.name = 'other threads';
      }
      byLabel.set(sample.thread, thread);
    }
    const leaf = thread.nodeOf(sample);
    const leafLine = lineThatRan(sample, tables, frames);
    for (let type = 0; type < types.length; type++) {
      const value = sample.values[type]! / types[type]!.divisor;
      if (value > 0) thread.weights.add(type, leaf, leafLine, value);
      else if (value < 0) negative++;
    }
  }
  if (growing.length === 0) growing.push(new GrowingThread('', tables, frames, types.length));
  const threads = growing.map(({ name, weights }) => ({
    name: name === '' && growing.length > 1 ? 'no thread' : name,
    trees: types.map(({ unit }, type) => weights.buildTree(type, unit, frames.infos)),
  }));
  return { threads, negative, damaged };
}

/** Line of the innermost function that ran, 0 unknown. */
function lineThatRan(sample: SampleCursor, tables: PprofTables, frames: PprofFrames): number {
  if (sample.depth === 0) return 0;
  const location = sample.stack[0]!;
  const first = tables.locations.firstLine[location]!;
  if (first === tables.locations.firstLine[location + 1]! || frames.ran[first] === 0) return 0;
  return tables.lines.line[first]!;
}

const THREAD_LABEL = /^thread([ _-]?(name|id))?$/i;

/** Decodes one `Sample` after the other into arrays that are used again. */
class SampleCursor {
  /** Location rows, innermost first, `depth` of them. Ids that are not in the file are left out. */
  stack: Int32Array = new Int32Array(256);
  depth = 0;
  readonly values: Float64Array;
  thread = '';
  readonly #tables: PprofTables;
  readonly #field: ProtobufCursor;
  readonly #inner: ProtobufCursor;
  /** 0 not looked at, 1 no thread label, 2 a thread's number, 3 its name; by string index of the key. */
  readonly #labelKind = new Map<number, number>();

  constructor(bytes: Uint8Array, tables: PprofTables, types: number) {
    this.values = new Float64Array(types);
    this.#tables = tables;
    this.#field = new ProtobufCursor(bytes);
    this.#inner = new ProtobufCursor(bytes);
  }

  /** False when it is damaged or names locations that are not in the file; what was sound is there. */
  read(from: number, to: number): boolean {
    const field = this.#field;
    const inner = this.#inner;
    field.enter(from, to);
    this.depth = 0;
    this.values.fill(0);
    this.thread = '';
    let value = 0;
    let rank = 0;
    let sound = true;
    for (let number = field.next(); number !== 0; number = field.next()) {
      if (number === 1) {
        if (field.wire === WIRE.varint) sound = this.#push(field) && sound;
        else {
          inner.enter(field.from, field.to);
          while (inner.at < inner.end && inner.varint()) sound = this.#push(inner) && sound;
          if (inner.at < inner.end) sound = false;
        }
      } else if (number === 2) {
        if (field.wire === WIRE.varint) this.values[value++] = field.signed;
        else {
          inner.enter(field.from, field.to);
          while (inner.at < inner.end && inner.varint()) this.values[value++] = inner.signed;
          if (inner.at < inner.end) sound = false;
        }
      } else if (number === 3 && field.wire === WIRE.bytes)
        rank = this.#readLabel(field.from, field.to, rank);
    }
    return sound && !field.broken;
  }

  #push(id: ProtobufCursor): boolean {
    const row = this.#tables.locationRow(id);
    if (row < 0) return false;
    if (this.depth === this.stack.length) {
      const wider = new Int32Array(this.depth * 2);
      wider.set(this.stack);
      this.stack = wider;
    }
    this.stack[this.depth++] = row;
    return true;
  }

  /** A name of a thread beats its number. */
  #readLabel(from: number, to: number, rank: number): number {
    const inner = this.#inner;
    inner.enter(from, to);
    let key = 0;
    let text = 0;
    let number = 0;
    for (let field = inner.next(); field !== 0; field = inner.next()) {
      if (inner.wire !== WIRE.varint) continue;
      if (field === 1) key = inner.unsigned;
      else if (field === 2) text = inner.unsigned;
      else if (field === 3) number = inner.signed;
    }
    const kind = this.#kindOf(key);
    if (kind <= 1 || kind <= rank) return rank;
    const value = text > 0 ? this.#tables.text(text) : `thread ${number}`;
    if (value === '') return rank;
    this.thread = kind === 2 && text > 0 ? `thread ${value}` : value;
    return kind;
  }

  #kindOf(key: number): number {
    let kind = this.#labelKind.get(key);
    if (kind === undefined) {
      const parts = THREAD_LABEL.exec(this.#tables.text(key));
      kind = parts === null ? 1 : parts[2]?.toLowerCase() === 'id' ? 2 : 3;
      this.#labelKind.set(key, kind);
    }
    return kind;
  }
}

/** One thread while it grows. */
class GrowingThread {
  name: string;
  readonly weights: StackWeights;
  readonly #tables: PprofTables;
  readonly #frames: PprofFrames;
  /** Locations of the stack before, outermost first, and the node each led to: neighbours have much in common. */
  #before: Int32Array = new Int32Array(256);
  #nodes: Int32Array = new Int32Array(256);
  #depth = 0;

  constructor(name: string, tables: PprofTables, frames: PprofFrames, types: number) {
    this.name = name;
    this.weights = new StackWeights(types);
    this.#tables = tables;
    this.#frames = frames;
  }

  nodeOf({ stack, depth }: SampleCursor): number {
    if (depth > this.#before.length) {
      this.#before = widen(this.#before, depth);
      this.#nodes = widen(this.#nodes, depth);
    }
    let same = 0;
    const most = Math.min(depth, this.#depth);
    while (same < most && this.#before[same] === stack[depth - 1 - same]) same++;
    let node = same === 0 ? 0 : this.#nodes[same - 1]!;
    const { firstLine } = this.#tables.locations;
    const { ofLine } = this.#frames;
    const { stacks } = this.weights;
    for (let at = same; at < depth; at++) {
      const location = stack[depth - 1 - at]!;
      const first = firstLine[location]!;
      let line = firstLine[location + 1]!;
      if (line === first) node = stacks.child(node, this.#frames.ofAddress(location));
      // The last line is the function that was compiled, the ones before are inlined into it.
      while (line > first) node = stacks.child(node, ofLine[--line]!);
      this.#before[at] = location;
      this.#nodes[at] = node;
    }
    this.#depth = depth;
    return node;
  }
}

function widen(array: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(Math.max(array.length * 2, length));
  wider.set(array);
  return wider;
}
