import {
  field,
  hasType,
  isContext,
  isHeapObject,
  isString,
  isSymbol,
  mapOf,
  objectOf,
  smiField,
  smiOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** A named property as memory has it. */
export interface RawProperty {
  /** Tagged: a String or a Symbol. */
  key: number;
  /** Tagged word: the value, or an AccessorPair or AccessorInfo (`isAccessor`). */
  word: number;
  isAccessor: boolean;
  isEnumerable: boolean;
}

export interface RawProperties {
  list: RawProperty[];
  /** How many there are, when `list` was cut. */
  count: number;
}

/** Bits of Map.bit_field3 and of PropertyDetails, equal in V8 10.2–14.6; metadata may say otherwise of another version. */
const DEFAULTS: Readonly<Record<string, number>> = {
  bit_field3_number_of_own_descriptors_shift: 10,
  bit_field3_number_of_own_descriptors_mask: 0x3ff << 10,
  bit_field3_is_dictionary_map_shift: 21,
  prop_attributes_DONT_ENUM: 2,
  prop_index_shift: 19,
  prop_index_mask: 0x3ff << 19,
};
const DETAIL = { isAccessor: 1, attributes: 2, isInDescriptor: 1 << 5 } as const;
/** In all of V8 10.2–14.6. */
const GLOBAL_PREFIX = 2;
/** V8: PropertyDetails::DictionaryStorageField, the order in which properties were added. */
const DICTIONARY_ORDER_SHIFT = 8;
/** Slots of a dictionary that are looked at: more than that and the capacity is damaged, or nobody reads the result. */
const MOST_SLOTS = 1 << 20;

/**
 * Named properties of an object in the order they were added; of all kinds: in the object, outside of it, in a dictionary,
 * of the global object. Getters are not called. Indexes are elements (object-elements.ts).
 */
export function rawProperties(v8: V8Reader, object: number, most: number): RawProperties {
  const map = mapOf(v8, object);
  if (!isHeapObject(map)) return { list: [], count: 0 };
  const bitField3 = v8.memory.u32(map - 1 + v8.layout.offset('Map.bitField3'));
  if (Number.isNaN(bitField3)) return { list: [], count: 0 };
  const store = field(v8, object, 'JSReceiver.propertiesOrHash');
  if (hasType(v8, object, 'JS_GLOBAL_OBJECT_TYPE')) return dictionaryProperties(v8, store, 1, most);
  if ((bitField3 >>> constant(v8, 'bit_field3_is_dictionary_map_shift')) & 1) {
    return dictionaryProperties(v8, store, 3, most);
  }
  return fastProperties(v8, object, map, bitField3, store, most);
}

/** The property of this name; undefined: there is none, or it cannot be read. Private names with their `#`. */
export function rawProperty(v8: V8Reader, object: number, name: string): RawProperty | undefined {
  for (const property of rawProperties(v8, object, MOST_SLOTS).list) {
    if (propertyName(v8, property.key).text === name) return property;
  }
  return undefined;
}

/** What a key is called, and whether it is one of those that only V8 and Node see. */
export function propertyName(
  v8: V8Reader,
  key: number,
): { text: string; kind: 'property' | 'private' | 'brand' | 'internal' } {
  if (isString(v8, key)) return { text: textOf(v8, key), kind: 'property' };
  if (!isSymbol(v8, key)) return { text: '?', kind: 'property' };
  const description = textOf(v8, field(v8, key, 'Symbol.description'));
  const kind = symbolKind(v8, v8.memory.u32(key - 1 + v8.layout.offset('Symbol.flags')));
  return kind === 'property' ? { text: `Symbol(${description})`, kind } : { text: description, kind };
}

/** Getter and setter of an accessor: tagged functions, NaN for what there is not (also of accessors in C++). */
export function accessorFunctions(v8: V8Reader, accessor: number): { get: number; set: number } {
  if (!hasType(v8, accessor, 'ACCESSOR_PAIR_TYPE')) return { get: Number.NaN, set: Number.NaN };
  const functionIn = (name: string): number => {
    const found = field(v8, accessor, name);
    return isHeapObject(found) && !hasType(v8, found, 'ODDBALL_TYPE') ? found : Number.NaN;
  };
  return { get: functionIn('AccessorPair.getter'), set: functionIn('AccessorPair.setter') };
}

/** V8: SymbolFlags, src/objects/name.tq; bits until 13, two bits of a kind from 14 on. */
function symbolKind(v8: V8Reader, flags: number): 'property' | 'private' | 'brand' | 'internal' {
  if (v8.layout.v8Number >= 140)
    return (['property', 'internal', 'private', 'brand'] as const)[flags & 3] ?? 'property';
  if ((flags & 1) === 0) return 'property';
  if (flags & 0x20) return 'brand';
  return flags & 0x10 ? 'private' : 'internal';
}

function fastProperties(
  v8: V8Reader,
  object: number,
  map: number,
  bitField3: number,
  store: number,
  most: number,
): RawProperties {
  const { layout, memory } = v8;
  const descriptors = field(v8, map, 'Map.descriptors');
  if (!isHeapObject(descriptors)) return { list: [], count: 0 };
  const own =
    (bitField3 & constant(v8, 'bit_field3_number_of_own_descriptors_mask')) >>>
    constant(v8, 'bit_field3_number_of_own_descriptors_shift');
  const all = memory.u16(descriptors - 1 + layout.offset('DescriptorArray.count'));
  const count = Math.min(own, Number.isNaN(all) ? 0 : all);
  const start = memory.u8(map - 1 + layout.offset('Map.inObjectStart'));
  const inObject = memory.u8(map - 1 + layout.offset('Map.instanceSizeInWords')) - start;
  const entries = layout.offset('DescriptorArray.entries');
  const dontEnum = constant(v8, 'prop_attributes_DONT_ENUM') << DETAIL.attributes;
  const list: RawProperty[] = [];
  for (let index = 0; index < count && list.length < most; index++) {
    const entry = entries + 24 * index;
    const details = smiOf(wordAt(v8, descriptors, entry + 8));
    if (Number.isNaN(details)) continue;
    let word: number;
    if (details & DETAIL.isInDescriptor) word = wordAt(v8, descriptors, entry + 16);
    else {
      const slot = (details & constant(v8, 'prop_index_mask')) >>> constant(v8, 'prop_index_shift');
      if (slot < inObject) word = wordAt(v8, object, 8 * (start + slot));
      else
        word = isHeapObject(store)
          ? wordAt(v8, store, layout.offset('FixedArray.data') + 8 * (slot - inObject))
          : Number.NaN;
    }
    list.push({
      key: wordAt(v8, descriptors, entry),
      word,
      isAccessor: (details & DETAIL.isAccessor) !== 0,
      isEnumerable: (details & dontEnum) === 0,
    });
  }
  return { list, count };
}

/** @param width words of an entry: 3 = key, value, details; 1 = the PropertyCell of a variable of the global object. */
function dictionaryProperties(v8: V8Reader, table: number, width: 1 | 3, most: number): RawProperties {
  // That of the global object has a word less before its entries (V8: GlobalDictionaryShape::kPrefixSize).
  const prefix = width === 1 ? GLOBAL_PREFIX : v8.layout.number('NameDictionary.prefixSize');
  const slots = hashTableEntries(v8, table, width, prefix);
  const dontEnum = constant(v8, 'prop_attributes_DONT_ENUM') << DETAIL.attributes;
  const found: { order: number; property: RawProperty }[] = [];
  for (const slot of slots) {
    const cell = width === 1 ? wordAt(v8, table, slot) : Number.NaN;
    const isCell = width === 1 && hasType(v8, cell, 'PROPERTY_CELL_TYPE');
    if (width === 1 && !isCell) continue;
    const key = isCell ? field(v8, cell, 'PropertyCell.name') : wordAt(v8, table, slot);
    if (!isString(v8, key) && !isSymbol(v8, key)) continue;
    const details = smiOf(isCell ? wordAt(v8, cell, 16) : wordAt(v8, table, slot + 16));
    found.push({
      order: (details >>> DICTIONARY_ORDER_SHIFT) & 0x7f_ffff,
      property: {
        key,
        word: isCell ? field(v8, cell, 'PropertyCell.value') : wordAt(v8, table, slot + 8),
        isAccessor: (details & DETAIL.isAccessor) !== 0,
        isEnumerable: (details & dontEnum) === 0,
      },
    });
  }
  found.sort((a, b) => a.order - b.order);
  return { list: found.slice(0, most).map((one) => one.property), count: found.length };
}

/**
 * Offsets of the entries of a V8 HashTable that are in use or deleted: whoever asks tells by the key. Layout: FixedArray
 * of {elements, deleted elements, capacity, prefix…, entries…} (V8: src/objects/hash-table.h).
 */
export function* hashTableEntries(
  v8: V8Reader,
  table: number,
  width: number,
  prefix: number,
): Generator<number, void, undefined> {
  if (!isHeapObject(table)) return;
  const length = smiField(v8, table, 'FixedArray.length');
  const data = v8.layout.offset('FixedArray.data');
  const capacity = smiOf(wordAt(v8, table, data + 16));
  if (!(length > 0 && capacity > 0 && prefix >= 0)) return;
  const slots = Math.min(capacity, Math.floor((length - 3 - prefix) / width), MOST_SLOTS);
  for (let index = 0; index < slots; index++) {
    const slot = data + 8 * (3 + prefix + index * width);
    if (Number.isNaN(wordAt(v8, table, slot))) return;
    yield slot;
  }
}

/** Methods of `#name()` of a class: they are variables of its context, which stands under the brand of an instance. */
export function isBrandContext(v8: V8Reader, word: number): boolean {
  return isHeapObject(word) && isContext(v8, word);
}

/** Value of a Cell, strong or weak. */
export function cellValue(v8: V8Reader, cell: number): number {
  const word = field(v8, cell, 'Cell.value');
  return isHeapObject(word) || !Number.isNaN(smiOf(word)) ? word : objectOf(word);
}

function constant(v8: V8Reader, name: string): number {
  return v8.layout.constants.get(name) ?? DEFAULTS[name] ?? Number.NaN;
}
