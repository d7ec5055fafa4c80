import { PagedMemory } from '../linux/memory.ts';
import type { HeapPage } from './heap-page.ts';
import { readLayout } from './read-layout.ts';
import type { V8Reader } from './v8-reader.ts';

/** Metadata of Node 24 (V8 13.6), as far as drawn objects need it. */
const CONSTANTS: Readonly<Record<string, number>> = {
  class_Map__instance_size_in_words__char: 8,
  class_Map__inobject_properties_start_or_constructor_function_index__char: 9,
  class_Map__instance_type__uint16_t: 12,
  class_Map__bit_field2__char: 15,
  class_Map__bit_field3__int: 16,
  class_Map__prototype__Object: 24,
  class_Map__constructor_or_back_pointer__Object: 32,
  class_Map__instance_descriptors__Object: 40,
  class_JSReceiver__raw_properties_or_hash__Object: 8,
  class_JSObject__elements__Object: 16,
  class_JSFunction__shared__Object: 32,
  class_JSFunction__context__Object: 40,
  class_String__length__int32_t: 12,
  class_SeqOneByteString__chars__char: 16,
  class_ConsString__first__String: 16,
  class_ConsString__second__String: 24,
  class_Symbol__name__Object: 16,
  class_HeapNumber__value__double: 8,
  class_Oddball__kind__int: 40,
  class_FixedArrayBase__length__SMI: 8,
  class_FixedArray__data__uintptr_t: 16,
  class_DescriptorArray__header_size__uintptr_t: 24,
  FirstNonstringType: 128,
  StringRepresentationMask: 7,
  StringEncodingMask: 8,
  OneByteStringTag: 8,
  OddballFalse: 0,
  OddballTrue: 1,
  OddballNull: 3,
  OddballUndefined: 4,
  FirstJSFunctionType: 2065,
  LastJSFunctionType: 2081,
  namedictionaryshape_prefix_size: 3,
  numberdictionaryshape_prefix_size: 1,
  elements_dictionary_elements: 13,
  type_Map__MAP_TYPE: 272,
  type_Symbol__SYMBOL_TYPE: 128,
  type_HeapNumber__HEAP_NUMBER_TYPE: 130,
  type_Oddball__ODDBALL_TYPE: 131,
  type_AccessorPair__ACCESSOR_PAIR_TYPE: 140,
  type_FixedArray__FIXED_ARRAY_TYPE: 205,
  type_FixedDoubleArray__FIXED_DOUBLE_ARRAY_TYPE: 218,
  type_Hole__HOLE_TYPE: 269,
  type_JSProxy__JS_PROXY_TYPE: 299,
  type_JSObject__JS_OBJECT_TYPE: 1057,
  type_JSAsyncGeneratorObject__JS_ASYNC_GENERATOR_OBJECT_TYPE: 2111,
  type_JSMap__JS_MAP_TYPE: 2112,
  type_JSArray__JS_ARRAY_TYPE: 2119,
};

const BASE = 0x10_0000;
const SIZE = 0x8_0000;

/** Word of a Smi. */
export function smi(value: number): number {
  return (value >>> 0) * 2 ** 32;
}

export interface DrawnMap {
  type: number;
  words?: number;
  inObjectStart?: number;
  elementsKind?: number;
  bitField3?: number;
  descriptors?: number;
  prototype?: number;
  maker?: number;
}

/** A heap drawn by hand, object by object, and a reader of it. Addresses are tagged, words are numbers. */
export class DrawnHeap {
  readonly bytes: Uint8Array = new Uint8Array(SIZE);
  readonly #view = new DataView(this.bytes.buffer);
  #next = BASE + 16;
  readonly #metaMap: number;
  readonly #maps = new Map<number, number>();

  constructor() {
    this.#metaMap = this.allocate(10);
    this.set(this.#metaMap, 0, this.#metaMap);
    this.#view.setUint16(this.#offset(this.#metaMap, 12), 272, true);
    this.bytes[this.#offset(this.#metaMap, 8)] = 10;
  }

  /** What is drawn so far, as a page. */
  page(): HeapPage {
    const areaStart = BASE + 16;
    return { chunk: BASE, areaStart, areaEnd: this.#next, space: 'old', isLarge: false, unused: [] };
  }

  /** Zeros; 8-aligned. */
  allocate(words: number): number {
    const address = this.#next + 1;
    this.#next += words * 8;
    if (this.#next > BASE + SIZE) throw new Error('the drawn heap is full');
    return address;
  }

  set(object: number, offset: number, word: number): void {
    const at = this.#offset(object, offset);
    this.#view.setUint32(at, word % 2 ** 32, true);
    this.#view.setUint32(at + 4, Math.floor(word / 2 ** 32), true);
  }

  setDouble(object: number, offset: number, value: number): void {
    this.#view.setFloat64(this.#offset(object, offset), value, true);
  }

  map(drawn: DrawnMap): number {
    const map = this.allocate(10);
    this.set(map, 0, this.#metaMap);
    const at = this.#offset(map, 0);
    this.bytes[at + 8] = drawn.words ?? 0;
    this.bytes[at + 9] = drawn.inObjectStart ?? 0;
    this.#view.setUint16(at + 12, drawn.type, true);
    this.bytes[at + 15] = (drawn.elementsKind ?? 3) << 2;
    this.#view.setUint32(at + 16, drawn.bitField3 ?? 0, true);
    this.set(map, 24, drawn.prototype ?? 0);
    this.set(map, 32, drawn.maker ?? 0);
    this.set(map, 40, drawn.descriptors ?? 0);
    return map;
  }

  /** An object of V8's own with a shared map. */
  object(type: number, words: readonly number[]): number {
    let map = this.#maps.get(type);
    if (map === undefined) {
      map = this.map({ type });
      this.#maps.set(type, map);
    }
    const object = this.allocate(words.length + 1);
    this.set(object, 0, map);
    for (const [index, word] of words.entries()) this.set(object, 8 + 8 * index, word);
    return object;
  }

  string(text: string): number {
    const string = this.object(40, new Array(1 + Math.ceil(text.length / 8)).fill(0));
    this.#view.setUint32(this.#offset(string, 12), text.length, true);
    this.bytes.set(Buffer.from(text, 'latin1'), this.#offset(string, 16));
    return string;
  }

  number(value: number): number {
    const number = this.object(130, [0]);
    this.setDouble(number, 8, value);
    return number;
  }

  oddball(kind: number): number {
    return this.object(131, [0, 0, 0, 0, smi(kind)]);
  }

  array(words: readonly number[]): number {
    return this.object(205, [smi(words.length), ...words]);
  }

  /** Fast properties in the object; `details` as V8 packs them are made here. */
  plain(properties: readonly { key: number; word: number; isAccessor?: boolean }[]): number {
    const entries = properties.flatMap(({ key, word, isAccessor }, index) =>
      isAccessor === true ? [key, smi(1 | (1 << 5)), word] : [key, smi((4 << 6) | (index << 19)), 0],
    );
    const descriptors = this.object(252, [properties.length, 0, ...entries]);
    const words = 3 + properties.length;
    const bitField3 = properties.length << 10;
    const object = this.allocate(words);
    this.set(object, 0, this.map({ type: 1057, words, inObjectStart: 3, bitField3, descriptors }));
    const empty = this.array([]);
    this.set(object, 8, empty);
    this.set(object, 16, empty);
    for (const [index, { word }] of properties.entries()) this.set(object, 24 + 8 * index, word);
    return object;
  }

  reader(): V8Reader {
    const memory = new PagedMemory({
      read: (address, into) => {
        const from = address - BASE;
        if (from < 0 || from >= SIZE) return 0;
        const part = this.bytes.subarray(from, from + into.length);
        into.set(part);
        return part.length;
      },
    });
    const layout = readLayout(new Map(Object.entries(CONSTANTS)), '24.21.0', '13.6.233.17');
    const symbols = {
      at: () => undefined,
      addressOf: () => undefined,
      withPrefix: () => new Map(),
      resolve: () => [],
      fileAt: () => '',
    };
    return { image: {}, memory, layout, symbols, problems: [] } as unknown as V8Reader;
  }

  #offset(object: number, offset: number): number {
    return object - 1 - BASE + offset;
  }
}
