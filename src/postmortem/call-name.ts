import type { ImageSymbols } from '../linux/native-symbol.ts';
import {
  type FunctionInfo,
  type FunctionKind,
  functionName,
  readFunctionInfo,
  sharedOf,
} from './function-info.ts';
import { accessorFunctions, type RawProperty, rawProperties } from './object-properties.ts';
import { isTopLevelReceiver, mapTypeName, receiverTypeName } from './receiver-type.ts';
import {
  field,
  hasType,
  isHeapObject,
  isJsFunction,
  isJsReceiver,
  isString,
  isSymbol,
  mapOf,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** A call as far as its name goes. */
export interface Call {
  /** The closure; NaN unknown. */
  function: number;
  shared: number;
  /** Tagged word; NaN unknown. */
  receiver: number;
  /** Of a receiver that optimised code did not make; NaN else. */
  receiverMap: number;
  isConstructor: boolean;
}

export interface CallName {
  /** `Session.load`, `new Foo`, `Object.<anonymous>`; '' where Error.stack gives the place alone. */
  name: string;
  /** `load`; '' anonymous. */
  functionName: string;
}

const MOST_PROTOTYPES = 64;
const MOST_KEYS = 2_000;
const MOST_NAMES = 20_000;

/** As newer V8 names them in stacks (JSFunction::GetDebugName). */
const INITIALIZERS: ReadonlyMap<FunctionKind, string> = new Map([
  ['members initializer', '<instance_members_initializer>'],
  ['static initializer', '<static_initializer>'],
]);

interface Cache {
  functions: Map<number, string>;
  methods: Map<string, { type: string; method: string }>;
}
const caches = new WeakMap<V8Reader, Cache>();

/** Names a call as Error.stack does (V8: src/objects/call-site-info.cc, SerializeJSStackFrame). */
export function callName(v8: V8Reader, call: Call): CallName {
  const name = debugName(v8, call);
  if (call.isConstructor) return { name: `new ${name || '<anonymous>'}`, functionName: name };
  const isMethod =
    !Number.isNaN(call.receiverMap) ||
    (!Number.isNaN(call.receiver) && !isTopLevelReceiver(v8, call.receiver));
  if (!isMethod) return { name, functionName: name };
  const { type, method } = receiverNames(v8, call);
  if (name === '') {
    return { name: `${type === '' ? '' : `${type}.`}${method || '<anonymous>'}`, functionName: '' };
  }
  const prefix = type !== '' && isIdentifier(name) ? `${type}.` : '';
  const alias = method !== '' && !endsWithMethod(v8, name, method) ? ` [as ${method}]` : '';
  return { name: `${prefix}${name}${alias}`, functionName: name };
}

/** The function's own `name` where it was redefined, else as compiled, else V8's guess (JSFunction::GetDebugName). */
function debugName(v8: V8Reader, call: Call): string {
  const cache = cacheOf(v8);
  const own = isHeapObject(call.function) ? call.function : call.shared;
  let name = cache.functions.get(own);
  if (name === undefined) {
    const info = readFunctionInfo(v8, call.shared);
    name = ownName(v8, call.function) ?? (info === undefined ? '' : compiledName(info));
    if (name === '' && isEval(v8, info?.script)) name = 'eval';
    if (cache.functions.size >= MOST_NAMES) cache.functions.clear();
    cache.functions.set(own, name);
  }
  return name;
}

/** Before V8 12 the initializers of class fields are compiled under their names, later under that of the class. */
function compiledName({ name, inferredName, kind }: FunctionInfo): string {
  if (name.startsWith('<')) return name;
  return INITIALIZERS.get(kind) ?? (name || inferredName);
}

/** `name` as a data property that holds a string; undefined: the usual accessor. */
function ownName(v8: V8Reader, jsFunction: number): string | undefined {
  if (!isJsFunction(v8, jsFunction)) return undefined;
  for (const { key, word, isAccessor } of rawProperties(v8, jsFunction, 8).list) {
    if (!isAccessor && isString(v8, key) && textOf(v8, key, 8) === 'name') {
      return isString(v8, word) ? textOf(v8, word) : undefined;
    }
  }
  return undefined;
}

/** Bit 0 of Script.flags: compiled by eval. */
function isEval(v8: V8Reader, script: number | undefined): boolean {
  return (
    script !== undefined && isHeapObject(script) && ((field(v8, script, 'Script.flags') / 2 ** 32) & 1) === 1
  );
}

interface Names {
  type: string;
  method: string;
  /** Of the map, when it was asked: what its objects have, and from where they inherit. */
  descriptors: number;
  prototype: number;
}

/** Of earlier looks at the same process, too. */
const namesByImage = new WeakMap<ImageSymbols, Map<string, Names>>();

/** Type and method of the receiver by its map: objects of one class have few maps, and finding a method takes many reads. */
function receiverNames(v8: V8Reader, call: Call): { type: string; method: string } {
  if (Number.isNaN(call.receiver)) return { type: mapTypeName(v8, call.receiverMap), method: '' };
  const { methods } = cacheOf(v8);
  const map = mapOf(v8, call.receiver);
  // Functions share maps and have names of their own.
  const isShared = isJsFunction(v8, call.receiver) || !isHeapObject(map);
  const key = `${isShared ? call.receiver : map}:${call.function}`;
  let names = methods.get(key);
  if (names === undefined) {
    names = isShared ? findNames(v8, call) : knownNames(v8, call, map, key);
    if (methods.size >= MOST_NAMES) methods.clear();
    methods.set(key, names);
  }
  return names;
}

function findNames(v8: V8Reader, call: Call): { type: string; method: string } {
  return {
    type: receiverTypeName(v8, call.receiver),
    method: isHeapObject(call.function) ? methodName(v8, call.receiver, call.function) : '',
  };
}

function knownNames(v8: V8Reader, call: Call, map: number, key: string): { type: string; method: string } {
  let all = namesByImage.get(v8.symbols);
  if (all === undefined) {
    all = new Map();
    namesByImage.set(v8.symbols, all);
  }
  const descriptors = field(v8, map, 'Map.descriptors');
  const prototype = field(v8, map, 'Map.prototype');
  const known = all.get(key);
  if (known !== undefined && known.descriptors === descriptors && known.prototype === prototype) return known;
  const names = { ...findNames(v8, call), descriptors, prototype };
  if (all.size >= MOST_NAMES) all.clear();
  all.set(key, names);
  return names;
}

/**
 * Enumerable key that the receiver or its prototypes have the function under; '' none, or several (CallSiteInfo::GetMethodName).
 * A method that is found under its own name has precedence.
 */
function methodName(v8: V8Reader, receiver: number, jsFunction: number): string {
  const name = functionName(v8, sharedOf(v8, jsFunction));
  if (name.startsWith('<')) return name;
  const plain = /^[gs]et /.test(name) ? name.slice(4) : name;
  let object = isJsReceiver(v8, receiver) ? receiver : Number.NaN;
  let found = '';
  let isFirst = true;
  for (let step = 0; step < MOST_PROTOTYPES && isJsReceiver(v8, object); step++) {
    if (hasType(v8, object, 'JS_PROXY_TYPE')) return '';
    for (const property of rawProperties(v8, object, MOST_KEYS).list) {
      const isHeld = holds(v8, property, jsFunction);
      const isNamed =
        isFirst && plain !== '' && isString(v8, property.key) && textOf(v8, property.key) === plain;
      if (isNamed && isHeld) return plain;
      // A lookup of the name ends here, whatever it finds.
      if (isNamed) isFirst = false;
      if (!isHeld || !property.isEnumerable || isSymbol(v8, property.key)) continue;
      if (found !== '') return '';
      found = textOf(v8, property.key);
    }
    object = field(v8, mapOf(v8, object), 'Map.prototype');
  }
  return found;
}

function holds(v8: V8Reader, property: RawProperty, jsFunction: number): boolean {
  if (property.word === jsFunction) return true;
  if (!property.isAccessor) return false;
  const { get, set } = accessorFunctions(v8, property.word);
  return get === jsFunction || set === jsFunction;
}

function isIdentifier(text: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
}

/** Does a name end with that of the method, as a word of its own? `get size` does so from V8 12 on. */
function endsWithMethod(v8: V8Reader, name: string, method: string): boolean {
  if (name === method || name.endsWith(`.${method}`)) return true;
  return v8.layout.v8Number >= 120 && name.endsWith(` ${method}`);
}

function cacheOf(v8: V8Reader): Cache {
  let cache = caches.get(v8);
  if (cache === undefined) {
    cache = { functions: new Map(), methods: new Map() };
    caches.set(v8, cache);
  }
  return cache;
}
