import { hashTableEntries } from './object-properties.ts';
import { field, hasType, isHeapObject, isSmi, mapOf, smiField, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { valueFields } from './value-fields.ts';

/** An indexed property: `word` is tagged, or `double` is the number itself. */
export interface RawElement {
  index: number;
  word: number;
  double?: number;
  isAccessor: boolean;
}

export interface RawElements {
  /** Ascending; holes are left out. */
  list: RawElement[];
  /** Slots of the store, holes included, or entries of the dictionary: how many there may be, when `list` was cut. */
  count: number;
}

const NONE: RawElements = { list: [], count: 0 };
/** V8: kHoleNanInt64, src/common/globals.h: what stands for a hole among doubles. */
const HOLE = { low: 0xfff7_ffff, high: 0xfff7_ffff } as const;
/** Holes that are skipped before a walk gives up: a sparse store of a hostile length has an end. */
const MOST_HOLES = 1 << 20;

/** Kind of an object's elements as V8 numbers them (`ValueFields.elements`); NaN unknown. */
export function elementsKind(v8: V8Reader, object: number): number {
  const map = mapOf(v8, object);
  if (!isHeapObject(map)) return Number.NaN;
  return v8.memory.u8(map - 1 + v8.layout.offset('Map.bitField2')) >>> 2;
}

/** Indexed properties of an object: of Smis, objects, doubles, holey, frozen, copy-on-write, sparse; of arguments too. */
export function rawElements(v8: V8Reader, object: number, most: number): RawElements {
  const store = field(v8, object, 'JSObject.elements');
  if (!isHeapObject(store)) return NONE;
  const { dictionary, firstTyped } = valueFields(v8.layout).elements;
  const kind = elementsKind(v8, object);
  if (kind >= firstTyped) return NONE;
  if (kind === dictionary || kind === dictionary + 4) return dictionaryElements(v8, store, most);
  if (kind === dictionary + 1 || kind === dictionary + 2) {
    return argumentElements(v8, store, kind === dictionary + 2, most);
  }
  // The store of an array is longer than the array when it has room to grow.
  const length = hasType(v8, object, 'JS_ARRAY_TYPE') ? arrayLength(v8, object) : Number.POSITIVE_INFINITY;
  return storedElements(v8, store, length, most);
}

/** `length` of an array; NaN unreadable. */
export function arrayLength(v8: V8Reader, array: number): number {
  const length = field(v8, array, 'JSArray.length');
  if (isSmi(length)) return smiOf(length);
  return hasType(v8, length, 'HEAP_NUMBER_TYPE')
    ? v8.memory.f64(length - 1 + v8.layout.offset('HeapNumber.value'))
    : Number.NaN;
}

/** Elements of a FixedArray or FixedDoubleArray. */
export function storedElements(v8: V8Reader, store: number, length: number, most: number): RawElements {
  const count = Math.min(smiField(v8, store, 'FixedArray.length'), length);
  if (!(count > 0)) return NONE;
  const data = v8.layout.offset('FixedArray.data');
  const isDouble = hasType(v8, store, 'FIXED_DOUBLE_ARRAY_TYPE');
  const list: RawElement[] = [];
  let hole = Number.NaN;
  for (let index = 0, holes = 0; index < count && list.length < most && holes < MOST_HOLES; index++) {
    const word = wordAt(v8, store, data + 8 * index);
    if (Number.isNaN(word)) break;
    if (isDouble) {
      const address = store - 1 + data + 8 * index;
      if (v8.memory.low(address) === HOLE.low && v8.memory.high(address) === HOLE.high) holes++;
      else list.push({ index, word: Number.NaN, double: v8.memory.f64(address), isAccessor: false });
    } else if (word === hole) holes++;
    else if (isHole(v8, word)) hole = word;
    else list.push({ index, word, isAccessor: false });
  }
  return { list, count };
}

/** The value that stands for «no element», «not yet initialised», «deleted». */
export function isHole(v8: V8Reader, word: number): boolean {
  if (!isHeapObject(word)) return false;
  if (hasType(v8, word, 'HOLE_TYPE')) return true;
  const kind = v8.layout.number('Oddball.holeKind');
  return (
    hasType(v8, word, 'ODDBALL_TYPE') &&
    smiField(v8, word, 'Oddball.kind') === (Number.isNaN(kind) ? 2 : kind)
  );
}

function dictionaryElements(v8: V8Reader, store: number, most: number): RawElements {
  const list: RawElement[] = [];
  for (const slot of hashTableEntries(v8, store, 3, v8.layout.number('NumberDictionary.prefixSize'))) {
    const key = wordAt(v8, store, slot);
    // Indexes up to 2^32 − 2 are too large for some Smis' readers, not for V8's: they may be heap numbers.
    let index = smiOf(key);
    if (Number.isNaN(index) && hasType(v8, key, 'HEAP_NUMBER_TYPE')) {
      index = v8.memory.f64(key - 1 + v8.layout.offset('HeapNumber.value'));
    }
    if (!(index >= 0)) continue;
    const details = smiOf(wordAt(v8, store, slot + 16));
    list.push({ index, word: wordAt(v8, store, slot + 8), isAccessor: (details & 1) !== 0 });
  }
  list.sort((a, b) => a.index - b.index);
  return { list: list.slice(0, most), count: list.length };
}

/**
 * `arguments` of sloppy functions: parameters that a closure uses live in the context, the others in a store (V8:
 * SloppyArgumentsElements, src/objects/arguments.tq: context@16, arguments@24, slots of mapped parameters from 32 on).
 */
function argumentElements(v8: V8Reader, store: number, isSparse: boolean, most: number): RawElements {
  const context = wordAt(v8, store, 16);
  const plain = wordAt(v8, store, 24);
  if (!isHeapObject(context) || !isHeapObject(plain)) return NONE;
  const rest = isSparse
    ? dictionaryElements(v8, plain, most)
    : storedElements(v8, plain, Number.POSITIVE_INFINITY, most);
  const mapped = Math.min(smiField(v8, store, 'FixedArray.length') || 0, most);
  const list: RawElement[] = [];
  for (let index = 0; index < mapped; index++) {
    const slot = smiOf(wordAt(v8, store, 32 + 8 * index));
    if (!(slot >= 0)) continue;
    const word = wordAt(v8, context, v8.layout.offset('FixedArray.data') + 8 * slot);
    list.push({ index, word, isAccessor: false });
  }
  const isMapped = new Set(list.map((one) => one.index));
  list.push(...rest.list.filter((one) => !isMapped.has(one.index)));
  list.sort((a, b) => a.index - b.index);
  return { list: list.slice(0, most), count: Math.max(rest.count, list.length) };
}
