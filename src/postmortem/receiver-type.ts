import { functionName, readFunctionInfo, sharedOf } from './function-info.ts';
import { rawProperties } from './object-properties.ts';
import {
  field,
  hasType,
  isHeapObject,
  isJsFunction,
  isJsReceiver,
  isMap,
  isSmi,
  isString,
  isSymbol,
  mapOf,
  typeNameOf,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** Chains are short; a damaged one may be a ring. */
const MOST_PROTOTYPES = 64;
/** Of one object of a chain; more keys than methods of any class. */
const MOST_KEYS = 2_000;

/** No object: `f()`, where Error.stack names the function alone. */
export function isTopLevelReceiver(v8: V8Reader, receiver: number): boolean {
  if (isSmi(receiver)) return false;
  if (hasType(v8, receiver, 'JS_GLOBAL_PROXY_TYPE')) return true;
  if (!hasType(v8, receiver, 'ODDBALL_TYPE')) return false;
  const kind = textOf(v8, field(v8, receiver, 'Oddball.toString'), 16);
  return kind === 'undefined' || kind === 'null';
}

/**
 * What Error.stack calls a receiver: a class by its name for static methods, else the constructor's name
 * (V8: CallSiteInfo::GetTypeName, JSReceiver::GetConstructorName). '' unknown.
 */
export function receiverTypeName(v8: V8Reader, receiver: number): string {
  const primitive = primitiveName(v8, receiver);
  if (primitive !== '') return primitive;
  if (hasType(v8, receiver, 'JS_PROXY_TYPE')) return 'Proxy';
  if (isJsFunction(v8, receiver)) {
    const info = readFunctionInfo(v8, sharedOf(v8, receiver));
    // From V8 13 on of all functions (`Module._load`, before `Function._load`).
    const isNamed = info?.isClassConstructor === true || v8.layout.v8Number >= 130;
    if (info !== undefined && isNamed && info.name !== '') return info.name;
  }
  return isJsReceiver(v8, receiver) ? constructorName(v8, receiver, mapOf(v8, receiver)) : '';
}

/** The same of an object that was never made: optimised code only knows its map. */
export function mapTypeName(v8: V8Reader, map: number): string {
  return isMap(v8, map) ? constructorName(v8, Number.NaN, map) : '';
}

function primitiveName(v8: V8Reader, receiver: number): string {
  if (isSmi(receiver) || hasType(v8, receiver, 'HEAP_NUMBER_TYPE')) return 'Number';
  if (isString(v8, receiver)) return 'String';
  if (isSymbol(v8, receiver)) return 'Symbol';
  if (hasType(v8, receiver, 'BIGINT_TYPE')) return 'BigInt';
  return hasType(v8, receiver, 'ODDBALL_TYPE') ? 'Boolean' : '';
}

function constructorName(v8: V8Reader, receiver: number, map: number): string {
  // Maps of prototypes lost their constructor when V8 made them fast for lookups; of a derived class they name the base.
  if (!isPrototypeMap(v8, map) && isNewTargetBase(v8, map)) {
    const name = nameOfConstructor(v8, constructorOf(v8, map));
    if (name !== '' && name !== 'Object') return name;
  }
  let object = receiver;
  let objectMap = map;
  for (let step = 0; step < MOST_PROTOTYPES; step++) {
    if (isHeapObject(object)) {
      const name = nameFromProperties(v8, object);
      if (name !== '') return name;
    }
    object = field(v8, objectMap, 'Map.prototype');
    if (!isJsReceiver(v8, object)) break;
    objectMap = mapOf(v8, object);
  }
  return builtinTypeName(v8, receiver);
}

/** `Symbol.toStringTag` or `constructor` of an object's own; '' none. */
function nameFromProperties(v8: V8Reader, object: number): string {
  let maker = '';
  for (const { key, word, isAccessor } of rawProperties(v8, object, MOST_KEYS).list) {
    if (isAccessor) continue;
    if (isSymbol(v8, key)) {
      const isTag = textOf(v8, field(v8, key, 'Symbol.description'), 32) === 'Symbol.toStringTag';
      if (isTag && isString(v8, word)) return textOf(v8, word);
    } else if (maker === '' && isJsFunction(v8, word) && textOf(v8, key, 16) === 'constructor') {
      const name = nameOfConstructor(v8, word);
      if (name !== 'Object') maker = name;
    }
  }
  return maker;
}

function constructorOf(v8: V8Reader, map: number): number {
  let maker = map;
  // Maps of objects with added properties point back to the one before.
  for (let step = 0; step < 2_000 && isMap(v8, maker); step++) {
    maker = field(v8, maker, 'Map.constructorOrBackPointer');
  }
  return maker;
}

function nameOfConstructor(v8: V8Reader, maker: number): string {
  if (!isJsFunction(v8, maker)) return '';
  const shared = sharedOf(v8, maker);
  return functionName(v8, shared) || (readFunctionInfo(v8, shared)?.inferredName ?? '');
}

/** V8: Map::Bits3::IsPrototypeMapBit, the bit before the dictionary bit in all measured versions. */
function isPrototypeMap(v8: V8Reader, map: number): boolean {
  const dictionaryBit = v8.layout.constants.get('bit_field3_is_dictionary_map_shift') ?? 21;
  const bits = v8.memory.u32(map - 1 + v8.layout.offset('Map.bitField3'));
  return ((bits >>> (dictionaryBit - 1)) & 1) === 1;
}

/** V8: Map::Bits2::NewTargetIsBaseBit: made by `new` of the constructor itself, not of a class derived from it. */
function isNewTargetBase(v8: V8Reader, map: number): boolean {
  return (v8.memory.u8(map - 1 + v8.layout.offset('Map.bitField2')) & 1) === 1;
}

function builtinTypeName(v8: V8Reader, receiver: number): string {
  if (isJsFunction(v8, receiver)) return 'Function';
  return typeNameOf(v8, receiver) === 'JS_ARRAY_TYPE' ? 'Array' : 'Object';
}
