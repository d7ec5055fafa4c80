import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type CountedClasses, type CountedRow, countClasses } from './count-classes.ts';

/** As in the target: from its text, in a fresh context. */
const inFreshContext = runInNewContext(`(${countClasses.toString()})`) as typeof countClasses;

function count(
  objects: object[],
  mostRows = 1000,
): { rows: Map<string, CountedRow>; result: CountedClasses } {
  const result = inFreshContext(objects, {
    isProxy: types.isProxy,
    objectPrototype: Object.prototype,
    emitterPrototype: EventEmitter.prototype,
    mostRows,
  });
  return { rows: new Map((JSON.parse(result.json) as CountedRow[]).map((row) => [row[0], row])), result };
}

test('plain objects by shape, dictionaries and indices apart', () => {
  const dictionary = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, i]));
  const indexed = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, i]));
  const { rows } = count([{ a: 1, b: 2 }, { a: 3, b: 4 }, { b: 1, a: 2 }, {}, dictionary, indexed, { 0: 1 }]);
  expect(rows.get('{a, b}')?.slice(1, 3)).toEqual(['shape', 2]);
  expect(rows.get('{b, a}')?.[2]).toBe(1);
  expect(rows.get('{}')?.[2]).toBe(1);
  expect(rows.get('{…} with many keys')?.[4]).toBe(100);
  expect(rows.get('{[index]}')?.slice(2, 5)).toEqual([2, expect.any(Number), 101]);
});

test('the prototype of a subclass is no instance of its class', () => {
  class Base {}
  class Derived extends Base {}
  const { rows } = count([new Base(), new Derived(), Derived.prototype, Base.prototype]);
  expect(rows.get('Base')?.[2]).toBe(1);
  expect(rows.get('Derived')?.[2]).toBe(1);
});

test('collections, Buffers and the stores behind them', () => {
  const large = new Uint8Array(1e6);
  const half = new Uint8Array(large.buffer, 0, 5e5);
  const small = new Uint8Array(16);
  class Cache extends Map<number, number> {}
  const { rows } = count([
    new Map([[1, 2]]),
    new Set([1, 2, 3]),
    new Cache([[1, 1]]),
    [1, 2, 3],
    large,
    half,
    small,
    large.buffer,
    new ArrayBuffer(5000),
    new SharedArrayBuffer(7000),
    new DataView(new ArrayBuffer(100)),
    Object.create(Map.prototype),
  ]);
  expect(rows.get('Map')?.[4]).toBe(1);
  expect(rows.get('Set')?.[4]).toBe(3);
  expect(rows.get('Cache')?.slice(1, 5)).toEqual(['collection', 1, expect.any(Number), 1]);
  expect(rows.get('Array')?.[4]).toBe(3);
  expect(rows.get('Uint8Array')?.[4]).toBe(1_500_016);
  // Seen through views of 1.5 MB, so nothing of its own; the other one has no view.
  expect(rows.get('ArrayBuffer')?.[3]).toBeGreaterThan(5000);
  expect(rows.get('ArrayBuffer')?.[3]).toBeLessThan(6000);
  expect(rows.get('SharedArrayBuffer')?.[3]).toBeGreaterThanOrEqual(7000);
});

test('listeners of emitters, functions by name', () => {
  class Bus extends EventEmitter {}
  const bus = new Bus();
  bus.on('a', function onA() {});
  bus.on('a', () => {});
  bus.once('b', () => {});
  const { rows } = count([bus, function onA() {}, function onA() {}, () => {}]);
  expect(rows.get('Bus')?.slice(1, 5)).toEqual(['class', 1, expect.any(Number), 3]);
  expect(rows.get('function onA')?.slice(1, 3)).toEqual(['function', 2]);
  expect(rows.get('function (anonymous)')?.[2]).toBe(1);
});

test('nothing of the program runs', () => {
  const never = (): never => {
    throw new Error('code of the program ran');
  };
  const traps = new Proxy({}, { get: never });
  const evil = Object.defineProperty({ x: 1 }, 'y', { enumerable: true, get: never });
  class Named {
    id = 1;
    static get name() {
      return never();
    }
  }
  const odd = Object.create(Object.create(Object.prototype, { constructor: { get: never } }));
  const events = Object.assign(Object.create(EventEmitter.prototype), { _events: new Proxy({}, traps) });
  const { rows } = count([
    new Proxy({}, traps),
    new Proxy(never, traps),
    Object.create(new Proxy({}, traps)),
    evil,
    new Named(),
    odd,
    events,
  ]);
  expect(rows.get('{x, y}')?.[2]).toBe(1);
  expect(rows.get('(anonymous class)')?.[2]).toBe(1);
  expect(rows.get('Object on a proxy')?.[2]).toBe(1);
});

test('rows beyond the limit are added up', () => {
  const objects = Array.from({ length: 50 }, (_, i) => ({ [`key${i}`]: i }));
  const { rows, result } = count(objects, 10);
  expect(rows.size).toBe(10);
  expect(result.samples.length).toBe(10);
  expect(result.others).toMatchObject({ rows: 40, count: 40 });
});
