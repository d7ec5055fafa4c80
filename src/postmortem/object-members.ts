import { readClosureVariables, readVariables } from './closure-variables.ts';
import { rawEntries } from './collections.ts';
import { kindOf } from './kind-of-object.ts';
import { moduleExports } from './module-exports.ts';
import { rawElements } from './object-elements.ts';
import { accessorFunctions, propertyName, rawProperties } from './object-properties.ts';
import {
  field,
  hasType,
  isContext,
  isHeapObject,
  isJsFunction,
  isJsReceiver,
  isString,
  mapOf,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

const MOST = 1 << 20;
const MOST_PROTOTYPES = 64;

/** What a key of an object leads to: a tagged word, or the number itself (elements that are doubles). */
export type Member = { word: number } | { double: number };

/**
 * Follows one key: a property, element, Map entry by its key as text, private `#name`, export of a module, variable of a
 * closure or context, `[[Prototype]]`, `[[Target]]` …; own ones first, then along the prototypes. Of an accessor the getter.
 * Undefined: there is none.
 */
export function memberOf(v8: V8Reader, object: number, key: string): Member | undefined {
  if (isContext(v8, object)) return variableOf(readVariables(v8, object), key);
  if (!isJsReceiver(v8, object)) return undefined;
  const internal = /^\[\[(\w+)\]\]$/.exec(key)?.[1];
  if (internal !== undefined) return internalMember(v8, object, internal);
  if (hasType(v8, object, 'JS_PROXY_TYPE')) return memberOf(v8, field(v8, object, 'JSProxy.target'), key);
  const own = ownMember(v8, object, key);
  if (own !== undefined) return own;
  let prototype = field(v8, mapOf(v8, object), 'Map.prototype');
  for (let step = 0; step < MOST_PROTOTYPES && isJsReceiver(v8, prototype); step++) {
    const found = namedMember(v8, prototype, key);
    if (found !== undefined) return found;
    prototype = field(v8, mapOf(v8, prototype), 'Map.prototype');
  }
  return undefined;
}

function ownMember(v8: V8Reader, object: number, key: string): Member | undefined {
  const kind = kindOf(v8, object);
  if (kind === 'module') {
    const found = moduleExports(v8, object).find((one) => one.name === key);
    return found && { word: found.word };
  }
  if (/^\d+$/.test(key)) {
    const element = rawElements(v8, object, MOST).list.find((one) => one.index === Number(key));
    if (element !== undefined)
      return element.double === undefined ? { word: element.word } : { double: element.double };
  }
  const named = namedMember(v8, object, key);
  if (named !== undefined) return named;
  if (kind === 'map') {
    for (const entry of rawEntries(v8, object, 'map', MOST).list) {
      if (isString(v8, entry.key) && textOf(v8, entry.key) === key) return { word: entry.value };
    }
  }
  return isJsFunction(v8, object) ? variableOf(readClosureVariables(v8, object), key) : undefined;
}

function namedMember(v8: V8Reader, object: number, key: string): Member | undefined {
  for (const property of rawProperties(v8, object, MOST).list) {
    if (propertyName(v8, property.key).text !== key) continue;
    if (!property.isAccessor && !hasType(v8, property.word, 'ACCESSOR_PAIR_TYPE'))
      return { word: property.word };
    const { get } = accessorFunctions(v8, property.word);
    return Number.isNaN(get) ? undefined : { word: get };
  }
  return undefined;
}

/** Fields behind names of the specification. */
const INTERNAL: Readonly<Record<string, readonly [type: string, field: string]>> = {
  PromiseResult: ['JS_PROMISE_TYPE', 'JSPromise.reactionsOrResult'],
  Target: ['JS_PROXY_TYPE', 'JSProxy.target'],
  Handler: ['JS_PROXY_TYPE', 'JSProxy.handler'],
  TargetFunction: ['JS_BOUND_FUNCTION_TYPE', 'JSBoundFunction.target'],
  BoundThis: ['JS_BOUND_FUNCTION_TYPE', 'JSBoundFunction.boundThis'],
  PrimitiveValue: ['JS_PRIMITIVE_WRAPPER_TYPE', 'JSPrimitiveWrapper.value'],
  WeakRefTarget: ['JS_WEAK_REF_TYPE', 'JSWeakRef.target'],
};

function internalMember(v8: V8Reader, object: number, name: string): Member | undefined {
  if (name === 'Prototype') return { word: field(v8, mapOf(v8, object), 'Map.prototype') };
  if (name.startsWith('Generator') && kindOf(v8, object) === 'generator') {
    const part = { GeneratorFunction: 'function', GeneratorReceiver: 'receiver' }[name];
    return part === undefined ? undefined : { word: field(v8, object, `JSGeneratorObject.${part}`) };
  }
  const found = INTERNAL[name];
  if (found !== undefined && hasType(v8, object, found[0])) return { word: field(v8, object, found[1]) };
  return namedMember(v8, object, name);
}

function variableOf(variables: ReturnType<typeof readVariables>, key: string): Member | undefined {
  const found = variables.find((one) => one.name === key);
  if (found === undefined) return undefined;
  return found.double === undefined ? { word: found.word } : { double: found.double };
}

/** Is the word something to follow keys of? */
export function isFollowable(v8: V8Reader, word: number): boolean {
  return isHeapObject(word) && (isJsReceiver(v8, word) || isContext(v8, word));
}
