// Builds one object with every kind of value, prints what it holds as JSON, then where it stands, and stops for good.
// Run with --allow-natives-syntax: %DebugPrint tells the address of an object in all versions.
'use strict';
const { reflect, MOST_TEXT } = require('./reflect.cjs');

/** What reflection cannot see. */
const more = new Map();
const things = {};

// --- primitives
Object.assign(things, {
  nothing: undefined,
  none: null,
  yes: true,
  no: false,
  smi: 42,
  negative: -7,
  largeSmi: 2147483647,
  smallSmi: -2147483648,
  minusZero: -0,
  nan: NaN,
  infinity: Infinity,
  minusInfinity: -Infinity,
  double: 0.1,
  two53: 2 ** 53,
  tiny: 5e-324,
  million: 1e12,
  big: 10n,
  bigZero: 0n,
  bigNegative: -123456789012345678901234567890n,
  big200: 7n ** 236n,
  bigNegative200: -(3n ** 420n),
  big64: 2n ** 64n - 1n,
  symbol: Symbol('of things'),
  symbolNameless: Symbol(),
  wellKnown: Symbol.iterator,
});

// --- strings of each kind
const half = 'abcdefghijklmnopqrstuvwxyz0123456789';
const cons = half.repeat(3) + String(process.pid) + half;
const twoByte = 'žluťoučký kůň — 日本語 😀 ';
let rope = '';
for (let i = 0; i < 5000; i++) rope += i % 7 === 0 ? 'ř' : 'x';
const flat = `flat ${half}${half} ${process.pid}`;
flat.charCodeAt(3);
const keyed = {};
const toThin = ['th', 'in string that was made a key ', process.pid].join('');
keyed[toThin] = 1;
Object.assign(things, {
  empty: '',
  one: 'a',
  latin: 'caf\u00e9 \u00ff',
  text: half,
  twoByte,
  cons,
  consTwoByte: `${cons}${twoByte}${process.pid}`,
  rope,
  sliced: flat.slice(5, 45),
  slicedOfTwoByte: twoByte.repeat(3).slice(7, 40),
  thin: toThin,
  long: 'L'.repeat(100_000),
  newlines: 'a\n\t"\\\u0000\u001b[31mb',
  lone: 'x\ud800y',
  external: process.binding('natives').util?.slice(0, 5000) ?? 'x',
});

// --- objects
class Point {
  x = 1;
  y = 2.5;
  constructor(z) {
    this.z = z;
  }
  get sum() {
    throw new Error('a getter was called');
  }
}
class Secret extends Point {
  #hidden = 'deep';
  #count = 0;
  #object = { inside: [1] };
  static version = 3;
  static #cache = 'static secret';
  #method() {
    return this.#hidden;
  }
  get #accessor() {
    return 1;
  }
  touch() {
    this.#count++;
    return this.#method() + this.#accessor + Secret.#cache + this.#object;
  }
}
const secret = new Secret('z');
secret.touch();
more.set(secret, (inner) => [
  { key: '#hidden', kind: 'private', value: inner('deep') },
  { key: '#count', kind: 'private', value: inner(1) },
  { key: '#object', kind: 'private', value: inner({ inside: [1] }) },
  {
    key: '#method',
    kind: 'private',
    value: { type: 'object', kind: 'function', className: 'Function', text: '#method' },
  },
  {
    key: '#accessor',
    kind: 'private',
    get: { type: 'object', kind: 'function', className: 'Function', text: 'get #accessor' },
  },
]);
more.set(Secret, (inner) => [{ key: '#cache', kind: 'private', value: inner('static secret') }]);
function OldStyle(a) {
  this.a = a;
}
OldStyle.prototype.method = function () {};
const many = {};
for (let i = 0; i < 40; i++) many[`p${i}`] = i * 1.5;
const slow = { first: 1, second: 'two', third: { deep: true }, fourth: 4 };
delete slow.second;
slow.fifth = 5;
const withNull = Object.assign(Object.create(null), { a: 1 });
const accessors = {
  get computed() {
    throw new Error('a getter was called');
  },
  set computed(v) {},
  get readOnly() {
    return 1;
  },
  plain: 1,
};
Object.defineProperty(accessors, 'hidden', { value: 'not enumerable', enumerable: false });
const cyclic = { name: 'cycle', list: [] };
cyclic.self = cyclic;
cyclic.list.push(cyclic, { up: cyclic });
let deep = { level: 0 };
for (let i = 1; i < 30; i++) deep = { level: i, down: deep };
const mutable = { d: 1.5, o: null };
mutable.d = 2.25;
mutable.o = { late: 1 };
Object.assign(things, {
  emptyObject: {},
  object: {
    a: 1,
    b: 'two',
    c: null,
    d: undefined,
    e: 1.5,
    [Symbol('key')]: 's',
    'odd key': 1,
    10: 'ten',
    2: 'two',
  },
  point: new Point('z'),
  secret,
  oldStyle: new OldStyle({ n: 1 }),
  inherits: Object.create(new Point(0)),
  many,
  slow,
  withNull,
  accessors,
  cyclic,
  deep,
  mutable,
  frozen: Object.freeze({ a: 1, b: [1] }),
  sealed: Object.seal({ a: 1 }),
  closed: Object.preventExtensions({ a: 1 }),
});

// --- arrays
const holes = [1, , 3, , , 'six'];
const sparse = [1, 2];
sparse[5_000_000] = 'far';
sparse[10] = { at: 10 };
const grown = [];
for (let i = 0; i < 20; i++) grown.push(i);
const shortened = [1, 2, 3, 4, 5, 6, 7, 8];
shortened.length = 3;
const named = Object.assign([1, 2], { extra: 'named', [Symbol.for('s')]: 1 });
const withAccessor = [1, 2, 3];
Object.defineProperty(withAccessor, 1, {
  get() {
    throw new Error('a getter was called');
  },
  enumerable: true,
});
const doubles = [1.5, 2, -0, NaN, Infinity];
const doubleHoles = [1.5, , 3.5];
class List extends Array {}
Object.assign(things, {
  emptyArray: [],
  smis: [1, 2, 3],
  mixed: [1, 'a', null, undefined, {}, [1]],
  doubles,
  doubleHoles,
  holes,
  sparse,
  grown,
  shortened,
  named,
  withAccessor,
  onlyHoles: new Array(7),
  nested: [[1, [2, [3, [4]]]]],
  frozenArray: Object.freeze([1, 'a']),
  sealedArray: Object.seal([1, {}]),
  list: List.from([1, 2, 3]),
  hundred: Array.from({ length: 120 }, (_, i) => i),
  sloppyArguments: (function (a, b) {
    const keep = () => [a, b];
    a = 'changed';
    keep();
    return arguments;
  })(1, 'b', 3),
  strictArguments: (function () {
    return arguments;
  })(1, 'b'),
});

// --- collections
const map = new Map([
  ['a', 1],
  ['b', { c: 2 }],
  [3, 'three'],
  [{ key: true }, 'object'],
  [null, undefined],
  [-0, 'zero'],
  [1n, 'big'],
]);
map.delete('a');
map.set('last', map);
const set = new Set([1, 'two', { three: 3 }, 1]);
set.delete('two');
const large = new Map();
for (let i = 0; i < 500; i++) large.set(`k${i}`, i);
const weakMap = new WeakMap([[things, 'value']]);
const target = { strongly: 'held' };
const weakRef = new WeakRef(target);
more.set(weakMap, (inner) => [
  { kind: 'entry', keyValue: { type: 'object', kind: 'object' }, value: inner('value') },
]);
const weakSet = new WeakSet([target]);
more.set(weakSet, (inner) => [{ key: '0', kind: 'entry', value: inner(target) }]);
more.set(weakRef, (inner) => [{ key: '[[WeakRefTarget]]', kind: 'internal', value: inner(target) }]);
class Registry extends Map {
  owner = 'me';
}
Object.assign(things, {
  map,
  set,
  large,
  emptyMap: new Map(),
  emptySet: new Set(),
  weakMap,
  weakSet,
  weakRef,
  target,
  registry: new Registry([['k', 'v']]),
});

// --- dates, expressions, boxes
const dated = new Date(0);
dated.setTime(1e12 + 0.5);
Object.assign(things, {
  date: new Date(1e12),
  dateSmall: new Date(1),
  dateInvalid: new Date(NaN),
  dateBefore: new Date(-1e13),
  dated,
  expression: /a+(?<n>b)[\/]"x"/giu,
  sticky: /^x$/my,
  dotAll: /./s,
  plainExpression: /(?:)/,
  dynamic: new RegExp(`p${'id'}\\d`),
  boxedNumber: new Number(-0),
  boxedString: new String('boxed'),
  boxedBoolean: new Boolean(false),
  boxedSymbol: Object(Symbol('in a box')),
  boxedBig: Object(12n),
});

// --- errors; a stack that is never read stays captured frames, its twin from the same line tells the text
class AppError extends Error {
  constructor(m, o) {
    super(m, o);
    this.name = 'AppError';
    this.code = 'E_APP';
  }
}
const errors = [];
function failing(depth) {
  return depth > 0 ? failing(depth - 1) : new TypeError('nested\nlines', { cause: 'why' });
}
const maker = {
  make() {
    return new AppError('of a class');
  },
  async later() {
    await null;
    return new Error('late');
  },
};
for (let i = 0; i < 2; i++) {
  errors.push({
    plain: new Error('plain'),
    nested: failing(3),
    app: maker.make(),
    range: [1].map(() => new RangeError('in map'))[0],
    nameless: new Error(),
    from: new (class Made {
      constructor() {
        this.e = new Error('in new');
      }
    })().e,
  });
}
for (const [key, error] of Object.entries(errors[0])) {
  things[`error_${key}`] = error;
  const stack = errors[1][key].stack;
  more.set(error, () => [
    {
      key: 'stack',
      kind: 'property',
      value: { type: 'string', text: stack.slice(0, MOST_TEXT), length: stack.length },
    },
  ]);
}
const read = new Error('already read');
const readStack = read.stack;
const changed = new Error('changed');
changed.stack = 'my own stack';
more.set(read, () => [
  {
    key: 'stack',
    kind: 'property',
    value: { type: 'string', text: readStack.slice(0, MOST_TEXT), length: readStack.length },
  },
]);
more.set(changed, () => [
  { key: 'stack', kind: 'property', value: { type: 'string', text: 'my own stack', length: 12 } },
]);
const aggregate = new AggregateError([1], 'several');
void aggregate.stack;
more.set(aggregate, () => [
  {
    key: 'stack',
    kind: 'property',
    value: { type: 'string', text: aggregate.stack.slice(0, MOST_TEXT), length: aggregate.stack.length },
  },
]);
Object.assign(things, { error_read: read, error_changed: changed, error_aggregate: aggregate });

// --- bytes
const slab = Buffer.from('a view of the shared slab of buffers');
const shared = new ArrayBuffer(24);
new Uint8Array(shared).set([1, 2, 3, 250, 251, 252]);
Object.assign(things, {
  buffer: slab,
  bufferSlice: slab.subarray(2, 10),
  bufferLarge: Buffer.alloc(100_000, 'z'),
  bufferEmpty: Buffer.alloc(0),
  bufferSmall: Buffer.from([1, 2, 255]),
  u8: new Uint8Array([1, 2, 255]),
  u8c: new Uint8ClampedArray([300, -1]),
  i8: new Int8Array([-1, 127]),
  u16: new Uint16Array([65535, 1]),
  i16: new Int16Array([-2]),
  u32: new Uint32Array([4294967295]),
  i32: new Int32Array([-5, 6]),
  f32: new Float32Array([1.5, -0]),
  f64: new Float64Array([0.1, NaN, -Infinity]),
  i64: new BigInt64Array([-1n, 2n ** 62n]),
  u64: new BigUint64Array([2n ** 64n - 1n]),
  offHeap: new Uint32Array(1000).fill(9),
  viewOfShared: new Uint8Array(shared, 2, 4),
  arrayBuffer: shared,
  dataView: new DataView(shared, 1, 5),
  sharedBuffer: new SharedArrayBuffer(8),
  emptyTyped: new Float64Array(0),
});
if (typeof Float16Array !== 'undefined') things.f16 = new Float16Array([1.5, -2, 65504, 6e-8]);
const detached = new Uint8Array(16);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
things.detached = detached;
if (ArrayBuffer.prototype.resize !== undefined) {
  const resizable = new ArrayBuffer(8, { maxByteLength: 64 });
  new Uint8Array(resizable).set([9, 8, 7]);
  Object.assign(things, {
    resizable,
    tracking: new Uint16Array(resizable),
    fixedView: new Uint8Array(resizable, 0, 4),
    outOfBounds: new Uint8Array(resizable, 6, 2),
    growable: new SharedArrayBuffer(4, { maxByteLength: 32 }),
  });
  resizable.resize(6);
  resizable.resize(7);
  things.resizableView = new DataView(resizable, 1);
}

// --- functions
function declared(a, b) {
  return a + b;
}
const arrow = (a) => a;
const counter = (() => {
  let count = 0;
  const step = 1.5;
  let label = 'x';
  let late = { v: 1 };
  function unused() {
    return count;
  }
  return Object.assign(
    function increment() {
      count += step;
      label += count;
      late = { v: 2 };
      return [count, label, late, unused];
    },
    { own: 'property' },
  );
})();
counter();
counter();
Object.assign(things, {
  declared,
  arrow,
  anonymous: (
    () => () =>
      1
  )(),
  async: async () => {},
  generatorFunction: function* numbers() {},
  asyncGenerator: async function* stream() {},
  method: maker.make,
  classPoint: Point,
  classSecret: Secret,
  counter,
  native: Array.prototype.map,
  renamed: Object.defineProperty(() => {}, 'name', { value: 'renamed' }),
});
const bound = declared.bind({ self: 1 }, 'first');
more.set(bound, (inner) => [
  { key: '[[TargetFunction]]', kind: 'internal', value: inner(declared) },
  { key: '[[BoundThis]]', kind: 'internal', value: inner({ self: 1 }) },
  { key: '[[BoundArgument 0]]', kind: 'internal', value: inner('first') },
]);
things.bound = bound;

// --- promises, generators, proxies
const settled = (state, value) => (inner) => [
  { key: '[[PromiseState]]', kind: 'internal', value: { type: 'string', text: state, length: state.length } },
  { key: '[[PromiseResult]]', kind: 'internal', value: inner(value) },
];
const fulfilled = Promise.resolve({ ok: true });
const reason = { reason: 'because' };
const rejected = Promise.reject(reason);
rejected.catch(() => {});
const pending = new Promise(() => {});
async function waiting(what) {
  await what;
}
const waits = waiting(pending);
more.set(fulfilled, settled('fulfilled', { ok: true }));
more.set(rejected, settled('rejected', reason));
more.set(pending, () => [
  { key: '[[PromiseState]]', kind: 'internal', value: { type: 'string', text: 'pending', length: 7 } },
  {
    key: '[[AwaitedBy]]',
    kind: 'internal',
    value: { type: 'object', kind: 'function', className: 'AsyncFunction', text: 'waiting' },
  },
]);
function* steps(from) {
  const seen = [];
  for (let i = from; ; i++) {
    seen.push(i);
    yield () => [seen, from];
  }
}
const suspended = steps(5);
suspended.next();
const finished = steps(1);
finished.return();
more.set(suspended, () => [
  { key: '[[GeneratorState]]', kind: 'internal', value: { type: 'string', text: 'suspended', length: 9 } },
]);
more.set(finished, () => [
  { key: '[[GeneratorState]]', kind: 'internal', value: { type: 'string', text: 'closed', length: 6 } },
]);
const proxyTarget = { behind: 'the proxy' };
const proxyHandler = {
  get() {
    throw new Error('a trap was called');
  },
  ownKeys() {
    throw new Error('a trap was called');
  },
};
const proxy = new Proxy(proxyTarget, proxyHandler);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
more.set(proxy, (inner) => [
  { key: '[[Target]]', kind: 'internal', value: inner(proxyTarget) },
  { key: '[[Handler]]', kind: 'internal', value: inner(proxyHandler) },
]);
more.set(revoked.proxy, (inner) => [
  { key: '[[Target]]', kind: 'internal', value: inner(null) },
  { key: '[[Handler]]', kind: 'internal', value: inner(null) },
]);
Object.assign(things, {
  fulfilled,
  rejected,
  pending,
  waits,
  suspended,
  finished,
  proxy,
  revoked: revoked.proxy,
});

things.mapIterator = new Map([[1, 2]]).keys();
things.setIterator = new Set([1]).entries();

// --- objects of Node: made by templates of the API
things.tcp = new (process.binding('tcp_wrap').TCP)(0);
things.emitter = Object.assign(new (require('node:events'))(), { own: 1 });

Promise.all([import('./exporting.mjs')]).then(([namespace]) => {
  things.namespace = namespace;
  const depth = Number(process.argv[2] ?? 4);
  const variables = { count: 3, step: 1.5, label: 'x1.53', late: { v: 2 } };
  const expected = { version: process.version, things: {}, variables: reflect(variables, 3, more) };
  for (const [name, value] of Object.entries(things)) expected.things[name] = reflect(value, depth, more);
  // The list of names is read first, then each value alone: the limits are per object.
  const list = Object.values(things);
  process.stdout.write(`${JSON.stringify({ names: Object.keys(things), expected })}\n`, () => {
    new Function('list', '%DebugPrint(list)')(list);
    process.stdout.write('\nready\n', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
});
