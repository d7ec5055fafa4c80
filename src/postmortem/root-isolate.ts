import { mappingAt } from '../linux/memory-map.ts';
import { CHUNK } from './heap-pages.ts';
import { isHeapObject, typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** Where a reference from outside of the heap was found. */
export const ROOT = {
  v8: 0,
  stack: 1,
  globalHandle: 2,
  handleScope: 3,
  static: 4,
  native: 5,
  microtask: 6,
} as const;
export type RootKind = (typeof ROOT)[keyof typeof ROOT];

/** Memory of which each word that is the address of an object refers to it. */
export interface RootRange {
  from: number;
  /** Exclusive. */
  to: number;
  kind: RootKind;
}

/** What follows the beginning of V8's Heap in its Isolate. */
const HEAP_SIZE = 0x3000;
/** V8: kHandleBlockSize, src/api/api.h: words of a block of handle scopes. */
const HANDLE_BLOCK = 1022 * 8;
/** Of IsolateData, where V8 keeps its handle scope. */
const ISOLATE_DATA = 0x4000;
/** Objects of C++ that an Isolate owns: larger ones are tables, which have no references to objects. */
const MOST_OWNED = 4096;
const LEAST_OWNED = 256;
const MOST_VECTOR = 1 << 20;
const MOST_BLOCKS = 10_000;
/** Places in the Isolate that look like a handle scope: one is. */
const MOST_SCOPES = 64;
/** Of all that belongs to an Isolate. */
const MOST_BYTES = 2 ** 28;
/** Of a queue of microtasks: more are damage. */
const MOST_TASKS = 1 << 24;

/**
 * Roots of one Isolate: the words in itself (its table of roots, the context, the pending exception), in the C++ objects that
 * it points to (the cache of compiled code …), in its vectors, the handles that scopes hold, and waiting microtasks. Weak
 * tables, of strings above all, are further away and left out.
 * @param chunks where V8's pages begin: pointers to them (where the next object is made …) are no roots, nor is what lies there
 */
export function rootsOfIsolate(
  v8: V8Reader,
  isolate: number,
  heap: number,
  chunks: ReadonlySet<number>,
): RootRange[] {
  const { memory } = v8;
  const end = heap + HEAP_SIZE;
  const ranges: RootRange[] = [...handleBlocks(v8, isolate, end), { from: isolate, to: end, kind: ROOT.v8 }];
  const seen = new Set<number>();
  let bytes = 0;
  const add = (range: RootRange): void => {
    bytes += range.to - range.from;
    if (bytes < MOST_BYTES) ranges.push(range);
  };
  for (let at = isolate; at < end; at += 8) {
    const word = memory.word(at);
    if (!isNative(v8, word) || (word >= isolate && word < end) || seen.has(word)) continue;
    if (chunks.has(Math.floor(word / CHUNK) * CHUNK)) continue;
    seen.add(word);
    const vectorEnd = memory.word(at + 8);
    const room = memory.word(at + 16);
    if (vectorEnd > word && room >= vectorEnd && isRoomOfVector(v8, word, room - word)) {
      const first = memory.word(word);
      if (isHeapObject(first) && !isExternalString(v8, first))
        add({ from: word, to: vectorEnd, kind: ROOT.v8 });
      continue;
    }
    // Where it is one of malloc's (glibc), its size is in the word before.
    const size = memory.word(word - 8);
    const isSized = size >= 24 && size <= MOST_OWNED;
    add({ from: word, to: word + (isSized ? size - (size % 8) - 8 : LEAST_OWNED), kind: ROOT.v8 });
    for (const tasks of microtasks(v8, word)) add(tasks);
  }
  return ranges;
}

/**
 * Three ascending pointers may also lead to three objects: a vector has grown by doubling, or fills what malloc gave (glibc: its
 * size is in the word before, with flags).
 */
function isRoomOfVector({ memory }: V8Reader, at: number, bytes: number): boolean {
  if (!(bytes <= MOST_VECTOR) || bytes % 8 !== 0) return false;
  const given = memory.word(at - 8) - 8 - bytes;
  return Number.isInteger(Math.log2(bytes)) || (given >= -8 && given < 32);
}

/** Memory of C++ that may hold something: aligned, mapped without a file and for writing. */
function isNative({ image }: V8Reader, word: number): boolean {
  if (!(word > 0x10000 && word < 2 ** 47) || word % 8 !== 0) return false;
  const mapping = mappingAt(image.mappings, word);
  return (
    mapping?.permissions.startsWith('rw') === true && (mapping.path === '' || mapping.path.startsWith('['))
  );
}

/**
 * Blocks of handles: all of them full but the last, which ends at `next` (V8: HandleScopeData {next, limit, level} in the
 * Isolate, HandleScopeImplementer with its vector of blocks, src/api/api.h).
 */
function handleBlocks(v8: V8Reader, isolate: number, end: number): RootRange[] {
  const { memory } = v8;
  let candidates = 0;
  for (let at = isolate; at < isolate + ISOLATE_DATA && candidates < MOST_SCOPES; at += 8) {
    const next = memory.word(at);
    if (!(next > 0x10000 && next < 2 ** 47) || next % 8 !== 0) continue;
    const limit = memory.word(at + 8);
    if (!(limit >= next && limit - next <= HANDLE_BLOCK) || limit % 8 !== 0) continue;
    const level = memory.i32(at + 16);
    if (!(level >= 0 && level < 10_000)) continue;
    candidates++;
    const last = limit - HANDLE_BLOCK;
    const blocks = blocksBefore(v8, isolate, end, last);
    if (blocks === undefined) continue;
    return [
      ...blocks.map((from) => ({ from, to: from + HANDLE_BLOCK, kind: ROOT.handleScope })),
      { from: last, to: next, kind: ROOT.handleScope },
    ];
  }
  return [];
}

/** The vector of blocks whose last is `last`: {data, capacity, size} in an object that the Isolate points to. */
function blocksBefore(v8: V8Reader, isolate: number, end: number, last: number): number[] | undefined {
  const { memory } = v8;
  for (let at = isolate; at < end; at += 8) {
    const owned = memory.word(at);
    if (!isNative(v8, owned) || (owned >= isolate && owned < end)) continue;
    for (let word = owned; word < owned + 64; word += 8) {
      const data = memory.word(word);
      const size = memory.word(word + 16);
      if (!(size >= 1 && size <= MOST_BLOCKS) || !(memory.word(word + 8) >= size)) continue;
      if (memory.word(data + 8 * (size - 1)) !== last) continue;
      const blocks: number[] = [];
      for (let index = 0; index < size - 1; index++) blocks.push(memory.word(data + 8 * index));
      return blocks;
    }
  }
  return undefined;
}

/** Is it a queue of microtasks: {vtable, size, capacity, start, ring buffer} (V8: src/execution/microtask-queue.h)? */
function microtasks(v8: V8Reader, queue: number): RootRange[] {
  const { memory } = v8;
  const size = memory.word(queue + 8);
  const capacity = memory.word(queue + 16);
  const start = memory.word(queue + 24);
  const ring = memory.word(queue + 32);
  const isQueue =
    size > 0 &&
    size <= capacity &&
    capacity <= MOST_TASKS &&
    Number.isInteger(Math.log2(capacity)) &&
    start < capacity;
  if (!isQueue || !isNative(v8, ring)) return [];
  const untilEnd = Math.min(size, capacity - start);
  return [
    { from: ring + 8 * start, to: ring + 8 * (start + untilEnd), kind: ROOT.microtask },
    { from: ring, to: ring + 8 * (size - untilEnd), kind: ROOT.microtask },
  ];
}

/** The lists of external strings keep none of them. */
function isExternalString(v8: V8Reader, word: number): boolean {
  const { layout } = v8;
  const type = typeOf(v8, word);
  return (
    type < layout.number('String.firstNonStringType') &&
    (type & layout.number('String.representationMask')) === 2
  );
}
