import { bytesOf, readBinaryView, typedElements } from './binary-values.ts';
import { readClosureVariables, readVariables, type Variable } from './closure-variables.ts';
import { type RawEntries, rawEntries, rawWeakEntries } from './collections.ts';
import { readErrorStack } from './error-stack.ts';
import { functionPlace } from './function-values.ts';
import { moduleExports } from './module-exports.ts';
import { arrayLength } from './object-elements.ts';
import { rawProperty } from './object-properties.ts';
import { promiseOfGenerator, promiseState, waitersOf } from './promise-reactions.ts';
import { field, hasType, isJsFunction, isSmi, smiField, smiOf, typeNameOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';
import type { ObjectValue, Property, Value } from './value.ts';
import { TYPED_SIZE } from './value-fields.ts';
import { internalProperty, numberValue, textValue, type ValueWalk } from './value-walk.ts';

/** Their maps name the function that made them, which is no class. */
const GENERATORS: Readonly<Record<string, string>> = {
  JS_ASYNC_FUNCTION_OBJECT_TYPE: 'AsyncFunctionObject',
  JS_ASYNC_GENERATOR_OBJECT_TYPE: 'AsyncGenerator',
};
/** Bytes shown of a Buffer, as `console.log` does it (50) and a little more. */
const SHOWN_BYTES = 64;
const MOST_DATE = 8.64e15;

/** Adds to an object what its kind has beside properties: a length, a text, entries, `[[…]]`. */
type Reader = (walk: ValueWalk, object: ObjectValue, depth: number) => void;

/** Reads what makes an object special, by its kind; nothing for plain objects. */
export function readSpecial(walk: ValueWalk, object: ObjectValue, depth: number): void {
  READERS[object.kind]?.(walk, object, depth);
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
  global(_walk, object) {
    object.className = 'global';
  },
  module(walk, object, depth) {
    object.className = 'Module';
    if (depth === 0) return;
    const exports = moduleExports(walk.v8, object.address);
    for (const { name, word } of exports.slice(0, walk.limits.mostProperties)) {
      object.properties!.push({
        key: name,
        kind: 'property',
        value: walk.value(word, depth - 1),
        isEnumerable: true,
      });
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
    object.properties!.push(variableProperty(walk, variable, depth));
  }
  if (variables.length > walk.limits.mostProperties) object.propertyCount = variables.length;
}

/** Variables of the innermost scope are opened; of those around it, where half the program lives, one line each. */
function variableProperty(walk: ValueWalk, variable: Variable, depth: number): Property {
  const value =
    variable.double === undefined
      ? walk.value(variable.word, variable.depth === 0 ? depth - 1 : 0)
      : numberValue(variable.double);
  return { key: variable.name, kind: 'variable', value, isEnumerable: false };
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
    internalProperty(
      'BoundThis',
      walk.value(field(v8, object.address, 'JSBoundFunction.boundThis'), depth - 1),
    ),
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

function addEntries(
  walk: ValueWalk,
  object: ObjectValue,
  depth: number,
  kind: 'map' | 'set',
  entries: RawEntries,
): void {
  if (depth === 0) return;
  for (const [index, entry] of entries.list.entries()) {
    if (kind === 'set') {
      object.properties!.push({ key: String(index), kind: 'entry', value: walk.value(entry.key, depth - 1) });
      continue;
    }
    const key = walk.value(entry.key, depth - 1);
    const property: Property = {
      key: primitiveText(key),
      kind: 'entry',
      value: walk.value(entry.value, depth - 1),
    };
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
  object.className = GENERATORS[typeNameOf(v8, address)] ?? 'Generator';
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
    object.properties!.push(variableProperty(walk, variable, depth));
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
    const value: Value =
      typeof element === 'number' ? numberValue(element) : { type: 'bigint', value: element };
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
  return bytes === undefined
    ? ''
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        .toString('hex')
        .replace(/..(?=.)/g, '$& ');
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
      return value.text === undefined || value.text === ''
        ? value.className
        : `${value.className} ${value.text}`;
    default:
      return value.type;
  }
}
