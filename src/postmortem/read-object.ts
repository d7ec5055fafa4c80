import { bytesOf, readBinaryView, typedElements } from './binary-values.ts';
import { classNameOf } from './class-of.ts';
import { readClosureVariables } from './closure-variables.ts';
import { rawEntries, rawWeakEntries, type RawEntries } from './collections.ts';
import { readErrorStack } from './error-stack.ts';
import { functionPlace, kindOfFunction } from './function-values.ts';
import { moduleExports } from './module-exports.ts';
import { arrayLength, rawElements } from './object-elements.ts';
import { accessorFunctions, isBrandContext, propertyName, rawProperties, rawProperty } from './object-properties.ts';
import { promiseOfGenerator, promiseState, waitersOf } from './promise-reactions.ts';
import { field, hasType, isHeapObject, isJsFunction, isSmi, mapOf, smiField, smiOf, typeOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';
import type { ObjectValue, Property, Value } from './value.ts';
import { TYPED_SIZE, valueFields } from './value-fields.ts';
import { internalProperty, numberValue, textValue, type ValueWalk } from './value-walk.ts';
import { readVariables } from './closure-variables.ts';

/** Bytes shown of a Buffer, as `console.log` does it (50) and a little more. */
const SHOWN_BYTES = 64;
const MOST_DATE = 8.64e15;

type Reader = (walk: ValueWalk, object: ObjectValue, depth: number) => void;

/** Reads an object of JavaScript. `depth` 0: what it is, without its properties. */
export function readObject(walk: ValueWalk, address: number, depth: number): ObjectValue {
  const { v8 } = walk;
  const kind = kindOf(v8, address);
  const object: ObjectValue = { type: 'object', address, kind, className: classNameOf(v8, address) };
  if (depth > 0) object.properties = [];
  READERS[kind]?.(walk, object, depth);
  if (depth > 0 && kind !== 'proxy') addOwn(walk, object, depth);
  return object;
}

const KINDS: Readonly<Record<string, ObjectValue['kind']>> = {
  JS_ARRAY_TYPE: 'array',
  JS_BOUND_FUNCTION_TYPE: 'function',
  JS_WRAPPED_FUNCTION_TYPE: 'function',
  JS_MAP_TYPE: 'map',
  JS_SET_TYPE: 'set',
  JS_WEAK_MAP_TYPE: 'weakmap',
  JS_WEAK_SET_TYPE: 'weakset',
  JS_WEAK_REF_TYPE: 'weakref',
  JS_DATE_TYPE: 'date',
  JS_REG_EXP_TYPE: 'regexp',
  JS_PROMISE_TYPE: 'promise',
  JS_ERROR_TYPE: 'error',
  JS_TYPED_ARRAY_TYPE: 'typed-array',
  JS_ARRAY_BUFFER_TYPE: 'array-buffer',
  JS_DATA_VIEW_TYPE: 'data-view',
  JS_RAB_GSAB_DATA_VIEW_TYPE: 'data-view',
  JS_PROXY_TYPE: 'proxy',
  JS_PRIMITIVE_WRAPPER_TYPE: 'boxed',
  JS_ARGUMENTS_OBJECT_TYPE: 'arguments',
  JS_ASYNC_FUNCTION_OBJECT_TYPE: 'generator',
  JS_ASYNC_GENERATOR_OBJECT_TYPE: 'generator',
  JS_GLOBAL_OBJECT_TYPE: 'global',
  JS_GLOBAL_PROXY_TYPE: 'global',
};

/** What kind of object it is. */
export function kindOf(v8: V8Reader, object: number): ObjectValue['kind'] {
  const type = typeOf(v8, object);
  if (isJsFunction(v8, object)) return kindOfFunction(v8, object);
  const { types } = valueFields(v8.layout);
  if (type === types.generator) return 'generator';
  if (type === types.namespace) return 'module';
  return KINDS[v8.layout.typeNames.get(type) ?? ''] ?? 'object';
}

const READERS: Partial<Record<ObjectValue['kind'], Reader>> = {
  array(walk, object) {
    const length = arrayLength(walk.v8, object.address);
    if (!Number.isNaN(length)) object.length = length;
  },
  arguments(walk, object) {
    const length = rawProperty(walk.v8, object.address, 'length')?.word ?? Number.NaN;
    if (isSmi(length)) object.length = smiOf(length);
  },
  function: readFunction,
  class: readFunction,
  map: (walk, object, depth) => readCollection(walk, object, depth, 'map'),
  set: (walk, object, depth) => readCollection(walk, object, depth, 'set'),
  weakmap: (walk, object, depth) => readWeakCollection(walk, object, depth, 'map'),
  weakset: (walk, object, depth) => readWeakCollection(walk, object, depth, 'set'),
  weakref(walk, object, depth) {
    if (depth > 0) {
      const target = walk.value(field(walk.v8, object.address, 'JSWeakRef.target'), depth - 1);
      object.properties!.push(internalProperty('WeakRefTarget', target));
    }
  },
  date(walk, object) {
    const time = dateValue(walk.v8, object.address);
    object.text = Math.abs(time) <= MOST_DATE ? new Date(time).toISOString() : 'Invalid Date';
  },
  regexp(walk, object) {
    const { v8 } = walk;
    const source = textOf(v8, field(v8, object.address, 'JSRegExp.source'), walk.limits.mostText);
    object.text = `/${source}/${regExpFlags(smiField(v8, object.address, 'JSRegExp.flags'))}`;
  },
  promise: readPromise,
  error(walk, object, depth) {
    const stack = readErrorStack(walk.v8, object.address, walk.limits.mostText);
    object.text = stack.message;
    if (depth > 0 && stack.text !== '') {
      const value: Value = { type: 'string', text: stack.text, length: stack.length, address: stack.address };
      object.properties!.push({ key: 'stack', kind: 'property', value, isEnumerable: false });
    }
  },
  'typed-array': readTypedArray,
  'array-buffer': readBytes,
  'data-view': readBytes,
  proxy(walk, object, depth) {
    object.className = 'Proxy';
    if (depth === 0) return;
    const { v8 } = walk;
    object.properties!.push(
      internalProperty('Target', walk.value(field(v8, object.address, 'JSProxy.target'), depth - 1)),
      internalProperty('Handler', walk.value(field(v8, object.address, 'JSProxy.handler'), depth - 1)),
    );
  },
  boxed(walk, object, depth) {
    const value = walk.value(field(walk.v8, object.address, 'JSPrimitiveWrapper.value'), 0);
    if (value.type === 'string') object.length = value.length;
    object.text = primitiveText(value);
    if (depth > 0) object.properties!.push(internalProperty('PrimitiveValue', value));
  },
  generator: readGenerator,
  global(walk, object) {
    object.className = 'global';
    object.text = '';
    void walk;
  },
  module(walk, object, depth) {
    object.className = 'Module';
    if (depth === 0) return;
    const exports = moduleExports(walk.v8, object.address);
    for (const { name, word } of exports.slice(0, walk.limits.mostProperties)) {
      object.properties!.push({ key: name, kind: 'property', value: walk.value(word, depth - 1), isEnumerable: true });
    }
    if (exports.length > walk.limits.mostProperties) object.propertyCount = exports.length;
  },
};

function readFunction(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const { v8 } = walk;
  const { address } = object;
  if (!isJsFunction(v8, address)) {
    readBoundFunction(walk, object, depth);
    return;
  }
  const place = functionPlace(v8, address);
  object.text = ownName(v8, address) ?? place.name;
  if (place.text !== '') object.place = place.text;
  if (depth === 0 || address !== walk.root) return;
  const variables = readClosureVariables(v8, address);
  for (const variable of variables.slice(0, walk.limits.mostProperties)) {
    const value = variable.double === undefined ? walk.value(variable.word, depth - 1) : numberValue(variable.double);
    object.properties!.push({ key: variable.name, kind: 'variable', value, isEnumerable: false });
  }
  if (variables.length > walk.limits.mostProperties) object.propertyCount = variables.length;
}

function readBoundFunction(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const { v8 } = walk;
  const target = field(v8, object.address, 'JSBoundFunction.target');
  const name = isJsFunction(v8, target) ? (ownName(v8, target) ?? functionPlace(v8, target).name) : '';
  object.text = `bound ${name}`;
  if (depth === 0 || !hasType(v8, object.address, 'JS_BOUND_FUNCTION_TYPE')) return;
  const given = storedArguments(walk, field(v8, object.address, 'JSBoundFunction.boundArguments'), depth);
  object.properties!.push(
    internalProperty('TargetFunction', walk.value(target, depth - 1)),
    internalProperty('BoundThis', walk.value(field(v8, object.address, 'JSBoundFunction.boundThis'), depth - 1)),
    ...given.map((value, index) => internalProperty(`BoundArgument ${index}`, value)),
  );
}

function storedArguments(walk: ValueWalk, store: number, depth: number): Value[] {
  const { v8 } = walk;
  const count = Math.min(smiField(v8, store, 'FixedArray.length') || 0, walk.limits.mostElements);
  const values: Value[] = [];
  for (let index = 0; index < count; index++) {
    values.push(walk.value(wordAt(v8, store, v8.layout.offset('FixedArray.data') + 8 * index), depth - 1));
  }
  return values;
}

/** A `name` property that is plain data wins over the name in the source: classes and functions may set it. */
function ownName(v8: V8Reader, address: number): string | undefined {
  const property = rawProperty(v8, address, 'name');
  if (property === undefined || property.isAccessor) return undefined;
  const name = textOf(v8, property.word);
  return name === '' ? undefined : name;
}

function readCollection(walk: ValueWalk, object: ObjectValue, depth: number, kind: 'map' | 'set'): void {
  const most = depth > 0 ? walk.limits.mostProperties : 0;
  const entries = rawEntries(walk.v8, object.address, kind, most);
  object.length = entries.count;
  addEntries(walk, object, depth, kind, entries);
}

function readWeakCollection(walk: ValueWalk, object: ObjectValue, depth: number, kind: 'map' | 'set'): void {
  const most = depth > 0 ? walk.limits.mostProperties : 0;
  const entries = rawWeakEntries(walk.v8, object.address, most);
  object.length = entries.count;
  addEntries(walk, object, depth, kind, entries);
}

function addEntries(walk: ValueWalk, object: ObjectValue, depth: number, kind: 'map' | 'set', entries: RawEntries): void {
  if (depth === 0) return;
  for (const [index, entry] of entries.list.entries()) {
    if (kind === 'set') {
      object.properties!.push({ key: String(index), kind: 'entry', value: walk.value(entry.key, depth - 1) });
      continue;
    }
    const key = walk.value(entry.key, depth - 1);
    const property: Property = { key: primitiveText(key), kind: 'entry', value: walk.value(entry.value, depth - 1) };
    if (key.type !== 'string') property.keyValue = key;
    object.properties!.push(property);
  }
}

function readPromise(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const { v8 } = walk;
  const state = promiseState(v8, object.address) ?? 'pending';
  object.text = state;
  if (depth === 0) return;
  object.properties!.push(internalProperty('PromiseState', textValue(state)));
  if (state !== 'pending') {
    const result = walk.value(field(v8, object.address, 'JSPromise.reactionsOrResult'), depth - 1);
    object.properties!.push(internalProperty('PromiseResult', result));
    return;
  }
  for (const waiter of waitersOf(v8, object.address).slice(0, walk.limits.mostProperties)) {
    if (waiter.function === undefined) continue;
    const name = waiter.kind === 'await' ? 'AwaitedBy' : 'Then';
    object.properties!.push(internalProperty(name, walk.value(waiter.function, 0)));
  }
}

function readGenerator(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const { v8 } = walk;
  const { address } = object;
  const continuation = smiField(v8, address, 'JSGeneratorObject.continuation');
  // V8: JSGeneratorObject::kGeneratorClosed, kGeneratorExecuting.
  object.text = continuation >= 0 ? 'suspended' : continuation === -1 ? 'closed' : 'running';
  const made = field(v8, address, 'JSGeneratorObject.function');
  if (isJsFunction(v8, made)) {
    const place = functionPlace(v8, made);
    if (place.text !== '') object.place = place.text;
  }
  if (depth === 0) return;
  object.properties!.push(
    internalProperty('GeneratorState', textValue(object.text)),
    internalProperty('GeneratorFunction', walk.value(made, 0)),
    internalProperty('GeneratorReceiver', walk.value(field(v8, address, 'JSGeneratorObject.receiver'), 0)),
  );
  const promise = promiseOfGenerator(v8, address);
  if (!Number.isNaN(promise)) object.properties!.push(internalProperty('Promise', walk.value(promise, 0)));
  for (const variable of readVariables(v8, field(v8, address, 'JSGeneratorObject.context'))) {
    if (variable.depth > 0 && address !== walk.root) break;
    if (object.properties!.length >= walk.limits.mostProperties) break;
    const value = variable.double === undefined ? walk.value(variable.word, depth - 1) : numberValue(variable.double);
    object.properties!.push({ key: variable.name, kind: 'variable', value, isEnumerable: false });
  }
}

function readTypedArray(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const view = readBinaryView(walk.v8, object.address);
  const isBuffer = object.className === 'Buffer' || object.className === 'FastBuffer';
  if (isBuffer) object.className = 'Buffer';
  if (view?.kind === undefined) return;
  object.length = Math.floor(view.byteLength / TYPED_SIZE[view.kind]);
  if (isBuffer) {
    object.text = hexOf(bytesOf(walk.v8, object.address, SHOWN_BYTES));
    return;
  }
  if (depth === 0) return;
  for (const [index, element] of typedElements(walk.v8, view, walk.limits.mostElements).entries()) {
    const value: Value = typeof element === 'number' ? numberValue(element) : { type: 'bigint', value: element };
    object.properties!.push({ key: String(index), kind: 'element', value, isEnumerable: true });
  }
}

function readBytes(walk: ValueWalk, object: ObjectValue, depth: number): void {
  const view = readBinaryView(walk.v8, object.address);
  if (view === undefined) return;
  object.length = view.byteLength;
  object.text = hexOf(bytesOf(walk.v8, object.address, SHOWN_BYTES));
  if (depth === 0 || object.kind !== 'data-view') return;
  object.properties!.push(
    internalProperty('ByteOffset', numberValue(view.byteOffset)),
    internalProperty('Buffer', walk.value(view.buffer, 0)),
  );
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
        const value = element.double === undefined ? walk.value(element.word, depth - 1) : numberValue(element.double);
        properties.push({ ...base, value });
      }
    }
    if (object.length === undefined && elements.count > elements.list.length) object.length = elements.count;
  }
  const named = rawProperties(v8, globalOf(v8, object.address), limits.mostProperties);
  for (const property of named.list) {
    const { text, kind } = propertyName(v8, property.key);
    // The error reader has shown it; a brand stands for the private methods of a class.
    if (object.kind === 'error' && text === 'stack') continue;
    if (kind === 'brand' && isBrandContext(v8, property.word)) {
      addPrivateMethods(walk, property.word, properties, depth);
      continue;
    }
    if (property.isAccessor && hasType(v8, property.word, 'ACCESSOR_INFO_TYPE')) continue;
    const base = {
      key: kind === 'internal' || kind === 'brand' ? `[[${text}]]` : text,
      kind: kind === 'private' ? ('private' as const) : kind === 'property' ? ('property' as const) : ('internal' as const),
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
    if (hasType(walk.v8, word, 'ACCESSOR_PAIR_TYPE')) properties.push({ ...base, ...accessorValues(walk, word, depth) });
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

/** Milliseconds since 1970; since V8 13 the number itself, before a Smi or HeapNumber. */
function dateValue(v8: V8Reader, date: number): number {
  const offset = v8.layout.offset('JSDate.value');
  if (v8.layout.v8Number >= 130) return v8.memory.f64(date - 1 + offset);
  const word = wordAt(v8, date, offset);
  if (isSmi(word)) return smiOf(word);
  return hasType(v8, word, 'HEAP_NUMBER_TYPE')
    ? v8.memory.f64(word - 1 + v8.layout.offset('HeapNumber.value'))
    : Number.NaN;
}

/** V8: RegExpFlag, src/regexp/regexp-flags.h, by bit. */
const FLAGS = 'gimyusldv';

function regExpFlags(bits: number): string {
  let flags = '';
  for (let bit = 0; bit < FLAGS.length; bit++) if (bits & (1 << bit)) flags += FLAGS[bit];
  return [...flags].sort().join('');
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').replace(/..(?=.)/g, '$& ');
}

/** A key of a Map as text, the primitive in a box. */
export function primitiveText(value: Value): string {
  switch (value.type) {
    case 'string':
      return value.text;
    case 'number':
      return Object.is(value.value, -0) ? '-0' : String(value.value);
    case 'boolean':
      return String(value.value);
    case 'bigint':
      return `${value.value}n`;
    case 'symbol':
      return `Symbol(${value.description})`;
    case 'object':
      return value.text === undefined || value.text === '' ? value.className : `${value.className} ${value.text}`;
    default:
      return value.type;
  }
}
