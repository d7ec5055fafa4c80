import { classNameOf } from './class-of.ts';
import { readVariables } from './closure-variables.ts';
import { kindOf } from './kind-of-object.ts';
import { rawElements } from './object-elements.ts';
import { accessorFunctions, isBrandContext, propertyName, rawProperties } from './object-properties.ts';
import { readSpecial } from './special-objects.ts';
import { field, hasType, isHeapObject, isString, mapOf, typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import type { ObjectValue, Property, Value } from './value.ts';
import { valueFields } from './value-fields.ts';
import { numberValue, type ValueWalk } from './value-walk.ts';

/** Reads an object of JavaScript. `depth` 0: what it is, without its properties. */
export function readObject(walk: ValueWalk, address: number, depth: number): ObjectValue {
  const { v8 } = walk;
  const kind = kindOf(v8, address);
  const object: ObjectValue = {
    type: 'object',
    address,
    kind,
    className: iteratorName(v8, address) ?? classNameOf(v8, address),
  };
  if (depth > 0) object.properties = [];
  readSpecial(walk, object, depth);
  if (depth > 0 && kind !== 'proxy') addOwn(walk, object, depth);
  return object;
}

/** Iterators of Maps and Sets have no constructor: five types in a row. */
function iteratorName(v8: V8Reader, address: number): string | undefined {
  const index = typeOf(v8, address) - valueFields(v8.layout).types.collectionIterator;
  if (!(index >= 0 && index < 5)) return undefined;
  return index < 3 ? 'Map Iterator' : 'Set Iterator';
}

/** Elements and named properties, private ones and those of V8 and Node too. */
function addOwn(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const { v8, limits } = walk;
  const properties = object.properties!;
  if (object.kind !== 'typed-array') {
    const elements = rawElements(v8, object.address, limits.mostElements);
    for (const element of elements.list) {
      const base = { key: String(element.index), kind: 'element', isEnumerable: true } as const;
      if (element.isAccessor) properties.push({ ...base, ...accessorValues(walk, element.word, depth) });
      else {
        const value =
          element.double === undefined ? walk.value(element.word, depth - 1) : numberValue(element.double);
        properties.push({ ...base, value });
      }
    }
    if (object.length === undefined && elements.count > elements.list.length) object.length = elements.count;
  }
  const named = rawProperties(v8, globalOf(v8, object.address), limits.mostProperties);
  // As JavaScript lists them: names in the order they were added, then symbols.
  const isName = (key: number): boolean => isString(v8, key);
  const isFunction = object.kind === 'function' || object.kind === 'class';
  const ordered = [
    ...named.list.filter((one) => isName(one.key)),
    ...named.list.filter((one) => !isName(one.key)),
  ];
  for (const property of ordered) {
    const { text, kind } = propertyName(v8, property.key);
    // V8's own symbols: state of the engine, without a name.
    if (kind === 'internal' && text === '') continue;
    // The error reader has shown it; a brand stands for the private methods of a class.
    if (object.kind === 'error' && text === 'stack') continue;
    if (isFunction && text === 'name' && !property.isEnumerable && isString(v8, property.word)) continue;
    if (kind === 'brand' && isBrandContext(v8, property.word)) {
      addPrivateMethods(walk, property.word, properties, depth);
      continue;
    }
    if (property.isAccessor && hasType(v8, property.word, 'ACCESSOR_INFO_TYPE')) continue;
    const base = {
      key: kind === 'internal' || kind === 'brand' ? `[[${text}]]` : text,
      kind:
        kind === 'private'
          ? ('private' as const)
          : kind === 'property'
            ? ('property' as const)
            : ('internal' as const),
      isEnumerable: property.isEnumerable && kind === 'property',
    };
    if (hasType(v8, property.word, 'ACCESSOR_PAIR_TYPE')) {
      properties.push({ ...base, ...accessorValues(walk, property.word, depth) });
    } else properties.push({ ...base, value: walk.value(property.word, depth - 1) });
  }
  if (named.count > named.list.length) object.propertyCount = named.count;
}

function addPrivateMethods(walk: ValueWalk, context: number, properties: Property[], depth: number): void {
  for (const { name, word, depth: distance } of readVariables(walk.v8, context)) {
    if (distance > 0) break;
    if (!name.startsWith('#')) continue;
    const base = { key: name, kind: 'private', isEnumerable: false } as const;
    if (hasType(walk.v8, word, 'ACCESSOR_PAIR_TYPE'))
      properties.push({ ...base, ...accessorValues(walk, word, depth) });
    else properties.push({ ...base, value: walk.value(word, depth - 1) });
  }
}

function accessorValues(walk: ValueWalk, accessor: number, depth: number): { get?: Value; set?: Value } {
  const { get, set } = accessorFunctions(walk.v8, accessor);
  return {
    ...(Number.isNaN(get) ? {} : { get: walk.value(get, Math.min(0, depth)) }),
    ...(Number.isNaN(set) ? {} : { set: walk.value(set, Math.min(0, depth)) }),
  };
}

/** Behind `globalThis` stands the global object, its prototype. */
function globalOf(v8: V8Reader, object: number): number {
  if (!hasType(v8, object, 'JS_GLOBAL_PROXY_TYPE')) return object;
  const global = field(v8, mapOf(v8, object), 'Map.prototype');
  return isHeapObject(global) ? global : object;
}
