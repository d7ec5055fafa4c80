// What reflection inside the process says of a value, in the form that the live test brings holter's Value into.
// Run by everything.cjs; nothing here comes from holter.
'use strict';
const { types } = require('node:util');

const MOST_TEXT = 300;
const MOST_ELEMENTS = 50;
const MOST_PROPERTIES = 60;

function number(value) {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

function className(object) {
  let at = object;
  if (Object.getPrototypeOf(at) === null) return null;
  for (at = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    const own = Object.getOwnPropertyDescriptor(at, 'constructor');
    if (typeof own?.value === 'function' && own.value.name !== '') return own.value.name;
  }
  return null;
}

function kindOf(value) {
  if (typeof value === 'function')
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function';
  if (types.isProxy(value)) return 'proxy';
  if (Array.isArray(value)) return 'array';
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  if (types.isWeakMap(value)) return 'weakmap';
  if (types.isWeakSet(value)) return 'weakset';
  if (value instanceof WeakRef) return 'weakref';
  if (types.isDate(value)) return 'date';
  if (types.isRegExp(value)) return 'regexp';
  if (types.isPromise(value)) return 'promise';
  if (types.isNativeError(value)) return 'error';
  if (types.isTypedArray(value)) return 'typed-array';
  if (types.isAnyArrayBuffer(value)) return 'array-buffer';
  if (types.isDataView(value)) return 'data-view';
  if (types.isBoxedPrimitive(value)) return 'boxed';
  if (types.isArgumentsObject(value)) return 'arguments';
  if (types.isGeneratorObject(value)) return 'generator';
  if (types.isModuleNamespaceObject(value)) return 'module';
  if (value === globalThis) return 'global';
  return 'object';
}

function hex(bytes) {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
}

/** @param more properties that reflection cannot see, by object: private fields, state of promises, targets of proxies … */
function reflect(value, depth, more, path = []) {
  switch (typeof value) {
    case 'undefined':
      return { type: 'undefined' };
    case 'boolean':
      return { type: 'boolean', value };
    case 'number':
      return { type: 'number', value: number(value) };
    case 'bigint':
      return { type: 'bigint', value: value.toString() };
    case 'string':
      return { type: 'string', text: value.slice(0, MOST_TEXT), length: value.length };
    case 'symbol':
      return { type: 'symbol', description: value.description ?? '' };
  }
  if (value === null) return { type: 'null' };
  const kind = kindOf(value);
  const result = { type: 'object', kind };
  if (path.includes(value)) {
    depth = 0;
    result.isCycle = true;
  }
  const inner = (word) => reflect(word, depth - 1, more, [...path, value]);
  if (kind === 'proxy')
    return { ...result, className: 'Proxy', properties: depth > 0 ? more.get(value)(inner) : undefined };
  const name = className(value);
  const iterated = types.isMapIterator(value)
    ? 'Map Iterator'
    : types.isSetIterator(value)
      ? 'Set Iterator'
      : undefined;
  if (iterated !== undefined) result.className = iterated;
  else if (name !== null) result.className = { arguments: 'Arguments', generator: 'Generator' }[kind] ?? name;
  if (kind === 'array' || kind === 'arguments' || kind === 'typed-array') result.length = value.length;
  if (kind === 'map' || kind === 'set') result.length = value.size;
  if (kind === 'array-buffer' || kind === 'data-view') {
    result.length = value.byteLength;
    result.text = hex(
      kind === 'data-view'
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value),
    );
  }
  if (kind === 'function' || kind === 'class') result.text = typeof value.name === 'string' ? value.name : '';
  if (kind === 'date') result.text = Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (kind === 'regexp') result.text = String(value);
  if (kind === 'error') result.text = value.message;
  if (kind === 'boxed') {
    const plain = value.valueOf();
    result.text =
      typeof plain === 'symbol'
        ? `Symbol(${plain.description})`
        : typeof plain === 'bigint'
          ? `${plain}n`
          : Object.is(plain, -0)
            ? '-0'
            : String(plain);
    if (typeof plain === 'string') result.length = plain.length;
  }
  const isBuffer = Buffer.isBuffer(value);
  if (isBuffer) Object.assign(result, { className: 'Buffer', text: hex(value.subarray(0, 64)) });
  if (depth > 0) {
    result.properties = [];
    if (kind === 'typed-array' && !isBuffer) {
      for (let i = 0; i < Math.min(MOST_ELEMENTS, value.length); i++) {
        result.properties.push({ key: String(i), kind: 'element', value: inner(value[i]) });
      }
    }
    if (kind === 'map') {
      for (const [key, entry] of [...value].slice(0, MOST_PROPERTIES)) {
        result.properties.push({
          key: typeof key === 'string' ? key.slice(0, MOST_TEXT) : undefined,
          kind: 'entry',
          value: inner(entry),
          ...(typeof key === 'string' ? {} : { keyValue: inner(key) }),
        });
      }
    }
    if (kind === 'set') {
      for (const [index, entry] of [...value].slice(0, MOST_PROPERTIES).entries()) {
        result.properties.push({ key: String(index), kind: 'entry', value: inner(entry) });
      }
    }
    const keys = Reflect.ownKeys(value);
    const indexes = keys.filter(
      (key) => typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) && Number(key) < 2 ** 32 - 1,
    );
    const isPlain = kind !== 'typed-array' && kind !== 'module';
    if (isPlain && !(kind === 'boxed' && typeof value.valueOf() === 'string')) {
      for (const key of indexes.slice(0, MOST_ELEMENTS))
        result.properties.push({ key, kind: 'element', ...described(value, key, inner) });
    }
    const hidden = hiddenKeys(kind, value);
    const isIndex = new Set(indexes);
    const named = keys.filter((key) => !isIndex.has(key) && !hidden.includes(key));
    for (const key of named.slice(0, MOST_PROPERTIES)) {
      const text = typeof key === 'symbol' ? `Symbol(${key.description ?? ''})` : key;
      result.properties.push({ key: text, kind: 'property', ...described(value, key, inner) });
    }
    for (const property of more.get(value)?.(inner) ?? []) result.properties.push(property);
  }
  return result;
}

/** What V8 computes in C++ when asked, and what is shown otherwise. */
function hiddenKeys(kind, value) {
  if (kind === 'array') return ['length'];
  if (kind === 'error') return ['stack'];
  if (kind === 'boxed') return typeof value.valueOf() === 'string' ? ['length'] : [];
  if (kind === 'regexp') return [];
  if (kind === 'arguments') return [Symbol.iterator];
  if (kind !== 'function' && kind !== 'class') return [];
  const name = Object.getOwnPropertyDescriptor(value, 'name');
  const isOwnName = name !== undefined && (name.enumerable || typeof name.value !== 'string');
  return ['length', 'prototype', 'arguments', 'caller', ...(isOwnName ? [] : ['name'])];
}

function described(object, key, inner) {
  const own = Object.getOwnPropertyDescriptor(object, key);
  if ('value' in own) return { value: inner(own.value) };
  const accessor = (f) =>
    f === undefined ? undefined : { type: 'object', kind: 'function', className: 'Function', text: f.name };
  return { get: accessor(own.get), set: accessor(own.set) };
}

module.exports = { reflect, number, MOST_TEXT, MOST_ELEMENTS, MOST_PROPERTIES };
