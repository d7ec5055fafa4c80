import type { Bytes } from '../base/units.ts';
import { EDGE } from '../heap/snapshot.ts';
import { type HeapMap, RULE } from './heap-maps.ts';
import { CHUNK } from './heap-pages.ts';
import { rawElements } from './object-elements.ts';
import { accessorFunctions, propertyName, rawProperties } from './object-properties.ts';
import { fieldsOfType, type NamedField } from './reference-fields.ts';
import { type ReferenceSlots, SLOTS, type SlotRule } from './reference-slots.ts';
import { readScopeInfo, scopeFlags } from './scope-info.ts';
import {
  field,
  hasType,
  isHeapObject,
  isMap,
  isScopeInfo,
  objectOf,
  smiField,
  smiOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { valueFields } from './value-fields.ts';

/**
 * A reference of an object: EDGE value, its name (the index of elements and hidden ones), the tagged address of what it leads
 * to, and the offset of the word in the object (NaN: it is in a store of the object).
 */
export type VisitReference = (type: number, name: string | number, target: number, offset: Bytes) => void;

/** Fields of an object of JavaScript by offset, of one map. */
interface Shape {
  map: HeapMap;
  rule: SlotRule;
  kind: 'function' | 'object' | 'context' | 'array' | 'ephemerons' | 'other';
  fields: NamedField[];
  /** Properties in the object: tagged offset → name. */
  inObject: NamedField[];
  /** Properties outside of it, by index. */
  outside: { index: number; name: string }[];
  /** In the map itself: accessors and constants. */
  shared: { name: string; target: number }[];
  isDictionary: boolean;
  prototype: number;
}

const MOST_PROPERTIES = 1_000_000;
/** Sparse elements, and arguments. */
const MOST_SPARSE = 2 ** 20;
/** Objects that begin further behind the beginning of a chunk share it with others, and end in it. */
const LARGE_BEGIN: Bytes = 0x2000;
const MOST_ELEMENTS = 2 ** 28;
const BLOCK_WORDS = 8192;
const HAS_EXTENSION = 1 << 26;

/** Names references as V8's heap profiler does. */
export class ReferenceNames {
  readonly #v8: V8Reader;
  readonly #maps: readonly HeapMap[];
  readonly #slots: ReferenceSlots;
  readonly #shapes: (Shape | undefined)[] = [];
  readonly #contextNames: Map<number, string[]> = new Map();
  /** Words of the object at hand that have a name; by word. */
  #named: Uint8Array = new Uint8Array(64);
  readonly #block: Int32Array = new Int32Array(2 * BLOCK_WORDS);

  constructor(v8: V8Reader, maps: readonly HeapMap[], slots: ReferenceSlots) {
    this.#v8 = v8;
    this.#maps = maps;
    this.#slots = slots;
  }

  /** All references of one object. @param map index of its map in the walk's @param size of it */
  each(address: number, map: number, size: Bytes, visit: VisitReference): void {
    this.#shapes[map] ??= this.#shapeOf(map, address);
    const shape = this.#shapes[map]!;
    visit(EDGE.internal, 'map', shape.map.address, 0);
    const { rule } = shape;
    const words = Math.min(size, rule.to) / 8;
    if (this.#named.length < 64 || words > 64) this.#named = new Uint8Array(64);
    else this.#named.fill(0);
    const named = this.#named;
    const name = (type: number, text: string | number, offset: Bytes): void => {
      if (offset >= size) return;
      const word = wordAt(this.#v8, address, offset);
      const target = objectOf(word);
      if (offset / 8 < 64) named[offset / 8] = 1;
      if (Number.isNaN(target)) return;
      const isWeak = word !== target || (offset >= rule.weakFrom && offset < rule.weakTo);
      visit(isWeak ? EDGE.weak : type, text, target, offset);
    };
    for (const { offset, name: text } of shape.fields) name(EDGE.internal, text, offset);
    switch (shape.kind) {
      case 'function':
      case 'object':
        this.#eachOfObject(address, shape, name, visit);
        break;
      case 'context':
        this.#eachOfContext(address, size, name);
        return;
      case 'ephemerons':
        this.#eachEntry(address, size, visit);
        return;
      case 'array':
        for (let offset = 16; offset < size; offset += 8)
          name(EDGE.internal, String((offset - 16) / 8), offset);
        return;
      default:
    }
    if (rule.kind === SLOTS.none) return;
    const end = Math.min(size, rule.to);
    for (let offset = Math.max(8, rule.from); offset + 8 <= end; offset += 8)
      if (offset / 8 >= 64 || named[offset / 8] === 0) name(EDGE.hidden, offset / 8 - 1, offset);
  }

  #shapeOf(index: number, sample: number): Shape {
    const v8 = this.#v8;
    const { layout } = v8;
    const map = this.#maps[index]!;
    const { type } = map;
    const { types } = layout;
    const isIn = (first: string, last: string): boolean =>
      type >= (types.get(first) ?? Number.NaN) && type <= (types.get(last) ?? Number.NaN);
    const isReceiver = type >= (types.get('JS_PROXY_TYPE') ?? Number.NaN);
    const isFunction = isIn('FIRST_JS_FUNCTION_TYPE', 'LAST_JS_FUNCTION_TYPE');
    const { generator } = valueFields(layout).types;
    const isGenerator = type >= generator && type < generator + 3;
    const rule = this.#slots.ruleOf(index, map);
    const kind = isFunction
      ? 'function'
      : isReceiver
        ? 'object'
        : isIn('FIRST_CONTEXT_TYPE', 'LAST_CONTEXT_TYPE')
          ? 'context'
          : rule.kind === SLOTS.ephemerons
            ? 'ephemerons'
            : map.rule === RULE.fixedArray && rule.kind === SLOTS.all
              ? 'array'
              : 'other';
    const shape: Shape = {
      map,
      rule,
      kind,
      fields: fieldsOfType(v8, type, { isFunction, isGenerator }),
      inObject: [],
      outside: [],
      shared: [],
      isDictionary: false,
      prototype: objectOf(field(v8, map.address, 'Map.prototype')),
    };
    if (isReceiver && type !== types.get('JS_PROXY_TYPE')) this.#addProperties(shape, sample);
    return shape;
  }

  /** Where the properties that all objects of a map have stand. */
  #addProperties(shape: Shape, sample: number): void {
    const v8 = this.#v8;
    const { layout } = v8;
    const { address } = shape.map;
    const isGlobal = hasType(v8, sample, 'JS_GLOBAL_OBJECT_TYPE');
    const { isDictionary, list } = descriptorsOf(v8, address);
    shape.isDictionary = isDictionary || isGlobal;
    if (shape.isDictionary) return;
    const start = v8.memory.u8(address - 1 + layout.offset('Map.inObjectStart'));
    const inObject = v8.memory.u8(address - 1 + layout.offset('Map.instanceSizeInWords')) - start;
    for (const { key, slot, value, isAccessor } of list) {
      const { text, kind } = propertyName(v8, key);
      const name = kind === 'internal' && text === '' ? 'private symbol' : text;
      if (slot === undefined) {
        if (isAccessor) this.#addAccessor(shape, name, value);
        else if (isHeapObject(value)) shape.shared.push({ name, target: value });
      } else if (slot < inObject) shape.inObject.push({ offset: 8 * (start + slot), name });
      else shape.outside.push({ index: slot - inObject, name });
    }
  }

  #addAccessor(shape: Shape, name: string, pair: number): void {
    const { get, set } = accessorFunctions(this.#v8, pair);
    if (!Number.isNaN(get)) shape.shared.push({ name: `get ${name}`, target: get });
    if (!Number.isNaN(set)) shape.shared.push({ name: `set ${name}`, target: set });
  }

  #eachOfObject(
    address: number,
    shape: Shape,
    name: (type: number, text: string | number, offset: Bytes) => void,
    visit: VisitReference,
  ): void {
    const v8 = this.#v8;
    const { layout } = v8;
    if (isHeapObject(shape.prototype)) visit(EDGE.property, '__proto__', shape.prototype, Number.NaN);
    const store = field(v8, address, 'JSReceiver.propertiesOrHash');
    if (shape.isDictionary) {
      for (const { key, word, isAccessor } of rawProperties(v8, address, MOST_PROPERTIES).list) {
        const { text } = propertyName(v8, key);
        if (isAccessor) {
          const { get, set } = accessorFunctions(v8, word);
          if (!Number.isNaN(get)) visit(EDGE.property, `get ${text}`, get, Number.NaN);
          if (!Number.isNaN(set)) visit(EDGE.property, `set ${text}`, set, Number.NaN);
        } else if (isHeapObject(word)) visit(EDGE.property, text, word, Number.NaN);
      }
    } else {
      for (const { offset, name: text } of shape.inObject) name(EDGE.property, text, offset);
      if (isHeapObject(store)) {
        const data = layout.offset('FixedArray.data');
        for (const { index, name: text } of shape.outside) {
          const word = wordAt(v8, store, data + 8 * index);
          if (isHeapObject(word)) visit(EDGE.property, text, word, Number.NaN);
        }
      }
      for (const { name: text, target } of shape.shared) visit(EDGE.property, text, target, Number.NaN);
    }
    if (shape.map.type !== layout.types.get('JS_PROXY_TYPE')) {
      name(EDGE.internal, 'properties', layout.offset('JSReceiver.propertiesOrHash'));
      name(EDGE.internal, 'elements', layout.offset('JSObject.elements'));
      this.#eachElement(address, visit);
    }
    if (shape.kind === 'function') this.#eachOfFunction(address, name, visit);
  }

  #eachElement(address: number, visit: VisitReference): void {
    const v8 = this.#v8;
    const store = field(v8, address, 'JSObject.elements');
    if (!isHeapObject(store) || !(smiField(v8, store, 'FixedArray.length') > 0)) return;
    if (!hasType(v8, store, 'FIXED_ARRAY_TYPE')) {
      if (hasType(v8, store, 'FIXED_DOUBLE_ARRAY_TYPE') || hasType(v8, address, 'JS_TYPED_ARRAY_TYPE'))
        return;
      // Sparse ones and arguments.
      for (const { index, word } of rawElements(v8, address, MOST_SPARSE).list)
        if (isHeapObject(word)) visit(EDGE.element, index, word, Number.NaN);
      return;
    }
    let length = smiField(v8, store, 'FixedArray.length');
    if (hasType(v8, address, 'JS_ARRAY_TYPE')) {
      const own = smiOf(field(v8, address, 'JSArray.length'));
      if (own < length) length = own;
    }
    const data = v8.layout.offset('FixedArray.data');
    const inChunk = store % CHUNK;
    length = Math.min(length, inChunk < LARGE_BEGIN ? MOST_ELEMENTS : (CHUNK - inChunk) / 8);
    if (length > BLOCK_WORDS / 16) {
      this.#eachOfLarge(store - 1 + data, length, visit);
      return;
    }
    for (let index = 0; index < length; index++) {
      const word = wordAt(v8, store, data + 8 * index);
      if (Number.isNaN(word)) return;
      if (isHeapObject(word)) visit(EDGE.element, index, word, Number.NaN);
    }
  }

  /** Elements of arrays that may have millions: read in blocks. */
  #eachOfLarge(start: number, length: number, visit: VisitReference): void {
    const block = this.#block;
    const bytes = new Uint8Array(block.buffer);
    for (let first = 0; first < length; first += BLOCK_WORDS) {
      const wanted = Math.min(BLOCK_WORDS, length - first);
      const read = this.#v8.memory.read(start + 8 * first, bytes.subarray(0, 8 * wanted)) >>> 3;
      for (let i = 0; i < read; i++) {
        const low = block[2 * i]!;
        if ((low & 3) !== 1) continue;
        const word = block[2 * i + 1]! * 2 ** 32 + (low >>> 0);
        if (isHeapObject(word)) visit(EDGE.element, first + i, word, Number.NaN);
      }
      if (read < wanted) return;
    }
  }

  #eachOfFunction(
    address: number,
    name: (type: number, text: string | number, offset: Bytes) => void,
    visit: VisitReference,
  ): void {
    const v8 = this.#v8;
    const offset = v8.layout.offset('JSFunction.prototypeOrInitialMap');
    // Functions that make nothing have none: then a property stands there.
    const found = wordAt(v8, address, offset);
    if (!isHeapObject(found)) return;
    if (isMap(v8, found)) {
      name(EDGE.internal, 'initial_map', offset);
      const prototype = field(v8, found, 'Map.prototype');
      if (isHeapObject(prototype)) visit(EDGE.property, 'prototype', prototype, Number.NaN);
    }
  }

  #eachOfContext(
    address: number,
    size: Bytes,
    name: (type: number, text: string | number, offset: Bytes) => void,
  ): void {
    const v8 = this.#v8;
    const scopeInfo = wordAt(v8, address, 16);
    const names = this.#namesOfScope(scopeInfo);
    const first = (v8.layout.number('Context.firstVariable') || 2) + (names.hasExtension ? 1 : 0);
    const fixed = ['scope_info', 'previous', 'extension'];
    for (let offset = 16; offset + 8 <= size; offset += 8) {
      const slot = (offset - 16) / 8;
      const text = names.list[slot - first];
      if (slot >= first && text !== undefined && text !== '') name(EDGE.context, text, offset);
      else name(EDGE.internal, slot < first ? (fixed[slot] ?? String(slot)) : String(slot), offset);
    }
  }

  #namesOfScope(scopeInfo: number): { list: readonly string[]; hasExtension: boolean } {
    const v8 = this.#v8;
    if (!isHeapObject(scopeInfo) || !isScopeInfo(v8, scopeInfo)) return { list: [], hasExtension: false };
    let list = this.#contextNames.get(scopeInfo);
    if (list === undefined) {
      list = readScopeInfo(v8, scopeInfo)?.contextLocals ?? [];
      this.#contextNames.set(scopeInfo, list);
    }
    return { list, hasExtension: (scopeFlags(v8, scopeInfo) & HAS_EXTENSION) !== 0 };
  }

  /** Entries of the table of a WeakMap: keys weak; of values the caller knows more. */
  #eachEntry(address: number, size: Bytes, visit: VisitReference): void {
    for (let offset = 40; offset + 16 <= size; offset += 16) {
      const key = objectOf(wordAt(this.#v8, address, offset));
      const value = objectOf(wordAt(this.#v8, address, offset + 8));
      if (!Number.isNaN(key)) visit(EDGE.weak, `key ${(offset - 40) / 16}`, key, offset);
      if (!Number.isNaN(value)) visit(EDGE.shortcut, `value ${(offset - 40) / 16}`, value, offset + 8);
    }
  }
}

/** Bits of PropertyDetails and bit_field3, equal in V8 10.2–14.6 (research/postmortem.md §2.1). */
const DETAIL = { isAccessor: 1, isInDescriptor: 1 << 5, indexShift: 19, indexMask: 0x3ff } as const;
const BITS = { ownShift: 10, ownMask: 0x3ff, isDictionary: 1 << 21 } as const;

interface Descriptor {
  key: number;
  /** Field of the object; undefined: the value is in the descriptor. */
  slot: number | undefined;
  value: number;
  isAccessor: boolean;
}

function descriptorsOf(v8: V8Reader, map: number): { isDictionary: boolean; list: Descriptor[] } {
  const { layout, memory } = v8;
  const bits = memory.u32(map - 1 + layout.offset('Map.bitField3'));
  const isDictionary = (bits & BITS.isDictionary) !== 0;
  const descriptors = field(v8, map, 'Map.descriptors');
  if (isDictionary || !isHeapObject(descriptors)) return { isDictionary, list: [] };
  const all = memory.u16(descriptors - 1 + layout.offset('DescriptorArray.count'));
  const count = Math.min((bits >>> BITS.ownShift) & BITS.ownMask, Number.isNaN(all) ? 0 : all);
  const entries = layout.offset('DescriptorArray.entries');
  const list: Descriptor[] = [];
  for (let index = 0; index < count; index++) {
    const entry = entries + 24 * index;
    const details = smiOf(wordAt(v8, descriptors, entry + 8));
    if (Number.isNaN(details)) continue;
    const isIn = (details & DETAIL.isInDescriptor) !== 0;
    list.push({
      key: wordAt(v8, descriptors, entry),
      slot: isIn ? undefined : (details >>> DETAIL.indexShift) & DETAIL.indexMask,
      value: wordAt(v8, descriptors, entry + 16),
      isAccessor: (details & DETAIL.isAccessor) !== 0,
    });
  }
  return { isDictionary, list };
}
