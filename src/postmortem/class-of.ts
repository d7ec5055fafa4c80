import { functionName, sharedOf } from './function-info.ts';
import { accessorFunctions, rawProperty } from './object-properties.ts';
import {
  field,
  hasType,
  isHeapObject,
  isJsFunction,
  isMap,
  isString,
  mapOf,
  typeNameOf,
  typeOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** Names by map, per reader; thousands of objects share a few maps. */
const namesByMap: WeakMap<V8Reader, Map<number, string>> = new WeakMap();
const MOST_NAMES = 50_000;
const MOST_STEPS = 100;

/**
 * Name of the class of an object as `console.log` shows it: its constructor's, `[Object: null prototype]`, of the engine's
 * own objects the type without V8's spelling (`FixedArray`). Nothing of the target is run: a `constructor` getter is not
 * asked.
 */
export function classNameOf(v8: V8Reader, object: number): string {
  const map = mapOf(v8, object);
  if (!isHeapObject(map)) return '';
  const names = namesByMap.get(v8) ?? new Map<number, string>();
  namesByMap.set(v8, names);
  let name = names.get(map);
  if (name === undefined) {
    name = findName(v8, object, map);
    if (names.size >= MOST_NAMES) names.clear();
    names.set(map, name);
  }
  return name;
}

/** After the target ran on. */
export function forgetClasses(v8: V8Reader): void {
  namesByMap.delete(v8);
}

/** `FixedArray` of FIXED_ARRAY_TYPE: the class of V8 that a type belongs to; of types without a name their number. */
export function engineClassOf(v8: V8Reader, object: number): string {
  const name = typeNameOf(v8, object);
  if (name === '') return `(type ${typeOf(v8, object)})`;
  return name
    .replace(/_TYPE$/, '')
    .toLowerCase()
    .replace(/(^|_)([a-z0-9])/g, (_all, _line, letter: string) => letter.toUpperCase())
    .replace(/^Js/, 'JS');
}

/** The function that objects of this map were made by: at the end of the chain of maps they grew through. NaN: none. */
export function constructorOf(v8: V8Reader, map: number): number {
  let at = map;
  for (let step = 0; step < 2000; step++) {
    const next = field(v8, at, 'Map.constructorOrBackPointer');
    if (!isHeapObject(next)) return Number.NaN;
    if (isMap(v8, next)) {
      at = next;
      continue;
    }
    if (isJsFunction(v8, next)) return next;
    // A pair of the constructor and a `prototype` that is no object.
    if (hasType(v8, next, 'TUPLE2_TYPE')) {
      const first = wordAt(v8, next, 8);
      return isJsFunction(v8, first) ? first : Number.NaN;
    }
    return hasType(v8, next, 'FUNCTION_TEMPLATE_INFO_TYPE') ? next : Number.NaN;
  }
  return Number.NaN;
}

function findName(v8: V8Reader, object: number, map: number): string {
  const prototype = field(v8, map, 'Map.prototype');
  const maker = constructorOf(v8, map);
  const made = hasType(v8, maker, 'FUNCTION_TEMPLATE_INFO_TYPE')
    ? templateName(v8, maker)
    : functionName(v8, sharedOf(v8, maker));
  if (isNull(v8, prototype)) return `[${made === '' ? 'Object' : made}: null prototype]`;
  const inherited = inheritedName(v8, prototype);
  // A map names the base class that allocated, not the class derived from it; the prototype names what was set as one.
  if (inherited !== '' && inherited !== 'Object') return inherited;
  if (made !== '' && !isJsFunction(v8, object)) return made;
  return inherited !== '' ? inherited : engineClassOf(v8, object).replace(/^JS/, '');
}

/** Name of the first `constructor` along the prototypes that is a function with a name. */
function inheritedName(v8: V8Reader, prototype: number): string {
  let at = prototype;
  for (let step = 0; step < MOST_STEPS && isHeapObject(at) && !isNull(v8, at); step++) {
    const property = rawProperty(v8, at, 'constructor');
    if (property !== undefined && !property.isAccessor) {
      const name = functionName(v8, sharedOf(v8, property.word));
      if (name !== '') return name;
    }
    at = field(v8, mapOf(v8, at), 'Map.prototype');
  }
  return '';
}

/** Class name of a FunctionTemplateInfo: the one string among its fields, whose place moved between versions. */
function templateName(v8: V8Reader, template: number): string {
  for (let offset = 16; offset <= 80; offset += 8) {
    const word = wordAt(v8, template, offset);
    if (isString(v8, word)) return textOf(v8, word);
  }
  return '';
}

export function isNull(v8: V8Reader, word: number): boolean {
  if (!hasType(v8, word, 'ODDBALL_TYPE')) return false;
  return field(v8, word, 'Oddball.kind') === v8.layout.number('Oddball.nullKind') * 2 ** 32;
}

/** Getter behind a name, for callers that show it: NaN when it is plain data or there is none. */
export function getterOf(v8: V8Reader, object: number, name: string): number {
  const property = rawProperty(v8, object, name);
  return property?.isAccessor === true ? accessorFunctions(v8, property.word).get : Number.NaN;
}
