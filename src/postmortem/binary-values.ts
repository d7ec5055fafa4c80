import { elementsKind } from './object-elements.ts';
import { field, hasType, isHeapObject, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { TYPED_SIZE, type TypedKind, valueFields } from './value-fields.ts';

/** Bytes that an ArrayBuffer, a view of one, a typed array or a Buffer shows. */
export interface BinaryView {
  /** Where the bytes are in the target; NaN: nowhere (detached, length 0). */
  address: number;
  /** Bytes; NaN unknown (growable shared buffers keep it elsewhere). */
  byteLength: number;
  /** In the buffer; 0 for buffers themselves. */
  byteOffset: number;
  /** Tagged address of the ArrayBuffer. */
  buffer: number;
  /** What its elements are; undefined for buffers and DataViews. */
  kind?: TypedKind;
}

/** More is no ArrayBuffer but damage: V8's limit is 2^53 in theory, memory in practice. */
const MOST_BYTES = 2 ** 44;

/** Undefined: the object is none of these, or its fields make no sense. */
export function readBinaryView(v8: V8Reader, object: number): BinaryView | undefined {
  if (hasType(v8, object, 'JS_ARRAY_BUFFER_TYPE')) return readBuffer(v8, object);
  const isTyped = hasType(v8, object, 'JS_TYPED_ARRAY_TYPE');
  const isResizableDataView = hasType(v8, object, 'JS_RAB_GSAB_DATA_VIEW_TYPE');
  if (!isTyped && !isResizableDataView && !hasType(v8, object, 'JS_DATA_VIEW_TYPE')) return undefined;
  const fields = valueFields(v8.layout);
  const buffer = wordAt(v8, object, fields.view.buffer);
  const whole = readBuffer(v8, buffer);
  if (whole === undefined) return undefined;
  const byteOffset = field(v8, object, 'JSArrayBufferView.byteOffset');
  let byteLength = field(v8, object, 'JSArrayBufferView.byteLength');
  const kind = isTyped ? typedKind(v8, object) : undefined;
  const isResizable =
    isResizableDataView || (isTyped && elementsKind(v8, object) >= fields.elements.firstResizable);
  if (isResizable && isLengthTracking(v8, object)) {
    byteLength = Math.max(0, whole.byteLength - byteOffset);
    if (kind !== undefined) byteLength -= byteLength % TYPED_SIZE[kind];
  }
  if (!(byteOffset >= 0 && byteLength >= 0 && byteLength < MOST_BYTES)) return undefined;
  // Detached, or its resizable buffer became too short for it: JavaScript sees no elements then.
  const isOut = Number.isNaN(whole.address)
    ? isOutside(v8, object, whole)
    : byteOffset + byteLength > whole.byteLength;
  if (isOut) byteLength = 0;
  let address = whole.address + byteOffset;
  if (isTyped) {
    // Small arrays keep their bytes in the heap: the base is their store then, and the pointer an offset in it.
    const external = field(v8, object, 'JSTypedArray.externalPointer');
    const base = field(v8, object, 'JSTypedArray.basePointer');
    address = isHeapObject(base) ? base + external : external;
  }
  return {
    address: byteLength > 0 ? address : Number.NaN,
    byteLength,
    byteOffset,
    buffer,
    ...(kind && { kind }),
  };
}

/** First bytes of a view or buffer; fewer before a hole, undefined when the object is none. */
export function bytesOf(v8: V8Reader, object: number, most: number): Uint8Array | undefined {
  const view = readBinaryView(v8, object);
  if (view === undefined) return undefined;
  const count = Math.min(view.byteLength, most);
  return count > 0 && view.address > 0 ? v8.memory.bytes(view.address, count) : new Uint8Array(0);
}

/** Elements of a typed array: numbers, BigInts of 64-bit arrays as decimal text. As many as can be read. */
export function typedElements(v8: V8Reader, view: BinaryView, most: number): (number | string)[] {
  const { kind } = view;
  if (kind === undefined || !(view.address > 0)) return [];
  const size = TYPED_SIZE[kind];
  const wanted = Math.min(Math.floor(view.byteLength / size), most);
  const bytes = v8.memory.bytes(view.address, wanted * size);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const elements: (number | string)[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) elements.push(READ[kind](data, at));
  return elements;
}

const READ: Readonly<Record<TypedKind, (data: DataView, at: number) => number | string>> = {
  u8: (data, at) => data.getUint8(at),
  u8c: (data, at) => data.getUint8(at),
  i8: (data, at) => data.getInt8(at),
  u16: (data, at) => data.getUint16(at, true),
  i16: (data, at) => data.getInt16(at, true),
  u32: (data, at) => data.getUint32(at, true),
  i32: (data, at) => data.getInt32(at, true),
  f16: (data, at) => halfFloat(data.getUint16(at, true)),
  f32: (data, at) => data.getFloat32(at, true),
  f64: (data, at) => data.getFloat64(at, true),
  u64: (data, at) => data.getBigUint64(at, true).toString(),
  i64: (data, at) => data.getBigInt64(at, true).toString(),
};

/** IEEE 754 binary16. */
function halfFloat(bits: number): number {
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function readBuffer(v8: V8Reader, buffer: number): BinaryView | undefined {
  if (!hasType(v8, buffer, 'JS_ARRAY_BUFFER_TYPE')) return undefined;
  const store = field(v8, buffer, 'JSArrayBuffer.backingStore');
  const byteLength = field(v8, buffer, 'JSArrayBuffer.byteLength') || sharedLength(v8, buffer, store);
  if (!(byteLength >= 0 && byteLength < MOST_BYTES)) return undefined;
  return { address: store > 4096 ? store : Number.NaN, byteLength, byteOffset: 0, buffer };
}

/**
 * A growable SharedArrayBuffer has 0 as its length: all threads share the one of its BackingStore, which begins with the
 * address of the bytes and their number (V8: src/objects/backing-store.h). It hangs on the word behind the pointer.
 */
function sharedLength(v8: V8Reader, buffer: number, store: number): number {
  const { memory } = v8;
  const extension = memory.word(buffer - 1 + v8.layout.offset('JSArrayBuffer.backingStore') + 8);
  if (!(extension > 4096 && store > 4096)) return 0;
  for (let word = 0; word < 4; word++) {
    const backing = memory.word(extension + 8 * word);
    if (memory.word(backing) === store) return memory.word(backing + 8);
  }
  return 0;
}

/** The buffer has no bytes: of a small array in the heap it never had any, otherwise it was detached. */
function isOutside(v8: V8Reader, object: number, whole: BinaryView): boolean {
  if (!hasType(v8, object, 'JS_TYPED_ARRAY_TYPE')) return whole.byteLength === 0;
  return !isHeapObject(field(v8, object, 'JSTypedArray.basePointer'));
}

function isLengthTracking(v8: V8Reader, object: number): boolean {
  return (v8.memory.u32(object - 1 + valueFields(v8.layout).view.bitField) & 1) !== 0;
}

function typedKind(v8: V8Reader, object: number): TypedKind | undefined {
  const { typed, firstTyped, firstResizable } = valueFields(v8.layout).elements;
  const kind = elementsKind(v8, object);
  return typed[kind >= firstResizable ? kind - firstResizable : kind - firstTyped];
}
