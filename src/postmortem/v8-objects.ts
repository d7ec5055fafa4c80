import type { V8Reader } from './v8-reader.ts';

/**
 * Tagged words (V8: include/v8-internal.h, 64 bits without pointer compression): the low bits of an address tell what it
 * is, `…01` an object, `…11` a weak reference to one; a Smi has its value in the upper half and zeros below.
 */

const HALF = 2 ** 32;
/** User space of x86-64 and arm64 with 48 bits ends here. */
const END_OF_ADDRESSES = 2 ** 48;

/** A strong reference to an object, as far as the word tells. */
export function isHeapObject(word: number): boolean {
  return word % 4 === 1 && word > 4096 && word < END_OF_ADDRESSES;
}

/** A weak reference that was not cleared. */
export function isWeakReference(word: number): boolean {
  return word % 4 === 3 && word > 4096 && word < END_OF_ADDRESSES;
}

/** The object behind a strong or weak reference; NaN for Smis, cleared references and anything else. */
export function objectOf(word: number): number {
  if (isHeapObject(word)) return word;
  return isWeakReference(word) ? word - 2 : Number.NaN;
}

export function isSmi(word: number): boolean {
  return word % HALF === 0;
}

/** The integer of a Smi; NaN for what is none. */
export function smiOf(word: number): number {
  return word % HALF === 0 ? (word / HALF) | 0 : Number.NaN;
}

/** The tagged word at an offset of an object; NaN where memory cannot be read or the offset is not known. */
export function wordAt(v8: V8Reader, object: number, offset: number): number {
  return v8.memory.word(object - 1 + offset);
}

/** The tagged word in a field, by its name in v8-fields.ts. */
export function field(v8: V8Reader, object: number, name: string): number {
  return v8.memory.word(object - 1 + v8.layout.offset(name));
}

/** Integer of a field that holds a Smi; NaN when it holds none. */
export function smiField(v8: V8Reader, object: number, name: string): number {
  return smiOf(field(v8, object, name));
}

/**
 * The map of an object; NaN when there is none. While the garbage collector moves objects, the old copy has the address of
 * the new one where its map was (V8: src/objects/map-word.h); its other fields are as they were.
 */
export function mapOf(v8: V8Reader, object: number): number {
  if (!isHeapObject(object)) return Number.NaN;
  const word = v8.memory.word(object - 1);
  if (isHeapObject(word)) return word;
  if (word % 8 !== 0 || word <= 4096 || word >= END_OF_ADDRESSES) return Number.NaN;
  const moved = v8.memory.word(word);
  return isHeapObject(moved) ? moved : Number.NaN;
}

/** Is there a map at this address: is the map of its map a map of maps? (There is one of those per native context.) */
export function isMap(v8: V8Reader, address: number): boolean {
  return !Number.isNaN(typeOfMap(v8, address));
}

/** Instance type (`layout.types`) of an object; NaN: there is no object at this address. */
export function typeOf(v8: V8Reader, object: number): number {
  return typeOfMap(v8, mapOf(v8, object));
}

/** Name of an object's type as in V8's metadata: `JS_FUNCTION_TYPE`; '' unknown. */
export function typeNameOf(v8: V8Reader, object: number): string {
  return v8.layout.typeNames.get(typeOf(v8, object)) ?? '';
}

/** Does an object have the type of this name? False when the version has no such type. */
export function hasType(v8: V8Reader, object: number, name: string): boolean {
  const type = v8.layout.types.get(name);
  return type !== undefined && typeOf(v8, object) === type;
}

export function isString(v8: V8Reader, object: number): boolean {
  return typeOf(v8, object) < v8.layout.number('String.firstNonStringType');
}

export function isSymbol(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'SYMBOL_TYPE');
}

export function isOddball(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'ODDBALL_TYPE');
}

export function isUndefined(v8: V8Reader, object: number): boolean {
  return (
    isOddball(v8, object) &&
    smiField(v8, object, 'Oddball.kind') === v8.layout.number('Oddball.undefinedKind')
  );
}

/** A closure: JS_FUNCTION_TYPE, but also constructors of classes, of arrays, promises … which have types of their own. */
export function isJsFunction(v8: V8Reader, object: number): boolean {
  return isInRange(v8, object, 'FIRST_JS_FUNCTION_TYPE', 'LAST_JS_FUNCTION_TYPE');
}

/** Anything JavaScript calls an object: proxies and functions too. */
export function isJsReceiver(v8: V8Reader, object: number): boolean {
  // Receivers are the last types; the first among them is the proxy.
  return typeOf(v8, object) >= (v8.layout.types.get('JS_PROXY_TYPE') ?? Number.NaN);
}

export function isContext(v8: V8Reader, object: number): boolean {
  return isInRange(v8, object, 'FIRST_CONTEXT_TYPE', 'LAST_CONTEXT_TYPE');
}

export function isScript(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'SCRIPT_TYPE');
}

export function isSharedFunctionInfo(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'SHARED_FUNCTION_INFO_TYPE');
}

export function isBytecodeArray(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'BYTECODE_ARRAY_TYPE');
}

export function isCode(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'CODE_TYPE');
}

export function isScopeInfo(v8: V8Reader, object: number): boolean {
  return hasType(v8, object, 'SCOPE_INFO_TYPE');
}

function isInRange(v8: V8Reader, object: number, first: string, last: string): boolean {
  const type = typeOf(v8, object);
  const { types } = v8.layout;
  return type >= (types.get(first) ?? Number.NaN) && type <= (types.get(last) ?? Number.NaN);
}

/**
 * Types by map: an answer takes seven words of memory, and a stack has few distinct maps. Kept by reader, as all that is
 * kept of objects here: after the target ran on, what stood where may be something else, and a copy of the reader (`{...v8}`)
 * begins afresh.
 */
const typesByMap = new WeakMap<V8Reader, Map<number, number>>();
const MOST_TYPES = 100_000;

function typeOfMap(v8: V8Reader, map: number): number {
  if (!isHeapObject(map)) return Number.NaN;
  let known = typesByMap.get(v8);
  if (known === undefined) {
    known = new Map();
    typesByMap.set(v8, known);
  }
  let type = known.get(map);
  if (type === undefined) {
    const mapType = v8.layout.types.get('MAP_TYPE') ?? Number.NaN;
    const typeOffset = v8.layout.offset('Map.instanceType') - 1;
    const { memory } = v8;
    const metaMap = memory.word(map - 1);
    const isMapOfMaps =
      isHeapObject(metaMap) &&
      memory.u16(metaMap + typeOffset) === mapType &&
      memory.u16(memory.word(metaMap - 1) + typeOffset) === mapType;
    type = isMapOfMaps ? memory.u16(map + typeOffset) : Number.NaN;
    if (known.size >= MOST_TYPES) known.clear();
    known.set(map, type);
  }
  return type;
}
