import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DrawnHeap, smi } from './drawn-heap.fixture.ts';
import { memberOf } from './object-members.ts';
import { readValue } from './read-value.ts';
import type { ObjectValue, Value } from './value.ts';

function objectOf(value: Value): ObjectValue {
  if (value.type !== 'object') throw new Error(`no object: ${JSON.stringify(value)}`);
  return value;
}

describe('primitives', () => {
  it('reads Smis from a word and from its halves', () => {
    const v8 = new DrawnHeap().reader();
    expect(readValue(v8, smi(42))).toEqual({ type: 'number', value: 42 });
    expect(readValue(v8, { low: 0, high: 0xffff_fff9 })).toEqual({ type: 'number', value: -7 });
  });

  it('reads numbers, strings, booleans, null and undefined', () => {
    const heap = new DrawnHeap();
    const words = [
      heap.number(-0),
      heap.number(Number.NaN),
      heap.string('text'),
      ...[0, 1, 3, 4].map((kind) => heap.oddball(kind)),
    ];
    const v8 = heap.reader();
    expect(words.map((word) => readValue(v8, word))).toEqual([
      { type: 'number', value: -0 },
      { type: 'number', value: Number.NaN },
      { type: 'string', text: 'text', length: 4, address: words[2] },
      { type: 'boolean', value: false },
      { type: 'boolean', value: true },
      { type: 'null' },
      { type: 'undefined' },
    ]);
  });

  it('reads BigInts of any length and sign', () => {
    const heap = new DrawnHeap();
    const draw = (bits: number, ...digits: number[]): number => heap.object(129, [bits, ...digits]);
    const words = [draw(0), draw(2, 10), draw(3, 10), draw(4, 2 ** 32, 3), draw(2 ** 30)];
    const v8 = heap.reader();
    expect(words.map((word) => readValue(v8, word))).toMatchObject([
      { type: 'bigint', value: '0' },
      { type: 'bigint', value: '10' },
      { type: 'bigint', value: '-10' },
      { type: 'bigint', value: String(3n * 2n ** 64n + 2n ** 32n) },
      { type: 'unreadable' },
    ]);
  });

  it('cuts long strings and says how long they are', () => {
    const heap = new DrawnHeap();
    const string = heap.string('x'.repeat(100));
    expect(readValue(heap.reader(), string, { mostText: 10 })).toMatchObject({
      text: 'x'.repeat(10),
      length: 100,
    });
  });
});

describe('objects', () => {
  it('reads fields, and accessors without calling them', () => {
    const heap = new DrawnHeap();
    const pair = heap.object(140, [heap.oddball(4), heap.oddball(4)]);
    const object = heap.plain([
      { key: heap.string('a'), word: smi(1) },
      { key: heap.string('b'), word: heap.string('two') },
      { key: heap.string('c'), word: pair, isAccessor: true },
    ]);
    const { properties } = objectOf(readValue(heap.reader(), object));
    expect(properties).toEqual([
      { key: 'a', kind: 'property', value: { type: 'number', value: 1 }, isEnumerable: true },
      {
        key: 'b',
        kind: 'property',
        value: { type: 'string', text: 'two', length: 3, address: expect.any(Number) },
        isEnumerable: true,
      },
      { key: 'c', kind: 'property', isEnumerable: true },
    ]);
    expect(memberOf(heap.reader(), object, 'b')).toEqual({ word: expect.any(Number) });
    expect(memberOf(heap.reader(), object, 'z')).toBeUndefined();
  });

  it('stops at the depth and at a cycle', () => {
    const heap = new DrawnHeap();
    const inner = heap.plain([{ key: heap.string('up'), word: 0 }]);
    const outer = heap.plain([{ key: heap.string('down'), word: inner }]);
    heap.set(inner, 24, outer);
    const v8 = heap.reader();
    const shallow = objectOf(readValue(v8, outer, { depth: 1 }));
    expect(objectOf(shallow.properties![0]!.value!).properties).toBeUndefined();
    const deep = objectOf(readValue(v8, outer, { depth: 5 }));
    const back = objectOf(objectOf(deep.properties![0]!.value!).properties![0]!.value!);
    expect(back).toMatchObject({ address: outer, isCycle: true });
    expect(back.properties).toBeUndefined();
  });

  it('lists no more properties than asked for and says how many there are', () => {
    const heap = new DrawnHeap();
    const object = heap.plain(
      Array.from({ length: 20 }, (_, index) => ({ key: heap.string(`p${index}`), word: smi(index) })),
    );
    const value = objectOf(readValue(heap.reader(), object, { mostProperties: 5 }));
    expect(value.properties).toHaveLength(5);
    expect(value.propertyCount).toBe(20);
  });

  it('leaves holes of arrays out', () => {
    const heap = new DrawnHeap();
    const hole = heap.object(269, [0]);
    const store = heap.array([smi(1), hole, smi(3), hole]);
    const array = heap.allocate(4);
    heap.set(array, 0, heap.map({ type: 2119, words: 4, inObjectStart: 4 }));
    heap.set(array, 16, store);
    heap.set(array, 24, smi(3));
    const value = objectOf(readValue(heap.reader(), array));
    expect(value).toMatchObject({ kind: 'array', length: 3 });
    expect(value.properties?.map((one) => one.key)).toEqual(['0', '2']);
  });

  it('reads sparse arrays in order, with indexes beyond those of Smis', () => {
    const heap = new DrawnHeap();
    const free = heap.oddball(4);
    const entries = [
      smi(9),
      smi(90),
      smi(0),
      free,
      0,
      0,
      heap.number(3e9),
      smi(3),
      smi(0),
      smi(2),
      smi(20),
      smi(0),
    ];
    const store = heap.array([smi(3), smi(0), smi(4), smi(9), ...entries]);
    const array = heap.allocate(4);
    heap.set(array, 0, heap.map({ type: 2119, words: 4, inObjectStart: 4, elementsKind: 13 }));
    heap.set(array, 16, store);
    heap.set(array, 24, heap.number(3e9 + 1));
    const value = objectOf(readValue(heap.reader(), array));
    expect(value.properties?.map((one) => one.key)).toEqual(['2', '9', '3000000000']);
  });

  it('reads entries of a Map, deleted ones left out, keys that are no strings as values', () => {
    const heap = new DrawnHeap();
    const hole = heap.object(269, [0]);
    const entries = [
      heap.string('a'),
      smi(1),
      smi(-1),
      hole,
      hole,
      smi(-1),
      smi(3),
      heap.string('three'),
      smi(-1),
    ];
    const table = heap.array([smi(2), smi(1), smi(2), smi(0), smi(1), ...entries]);
    const map = heap.allocate(4);
    heap.set(map, 0, heap.map({ type: 2112, words: 4, inObjectStart: 4 }));
    heap.set(map, 24, table);
    const value = objectOf(readValue(heap.reader(), map));
    expect(value).toMatchObject({ kind: 'map', length: 2 });
    expect(value.properties).toMatchObject([
      { key: 'a', kind: 'entry', value: { value: 1 } },
      { key: '3', kind: 'entry', keyValue: { value: 3 }, value: { text: 'three' } },
    ]);
    expect(value.properties![0]).not.toHaveProperty('keyValue');
  });
});

describe('damage', () => {
  it('says why something cannot be read', () => {
    const heap = new DrawnHeap();
    const noMap = heap.object(205, [smi(0)]);
    heap.set(noMap, 0, smi(1));
    const v8 = heap.reader();
    expect(readValue(v8, 0x7fff_0001)).toMatchObject({ type: 'unreadable', why: 'its memory is not there' });
    expect(readValue(v8, noMap)).toMatchObject({ type: 'unreadable', why: 'no object stands there' });
    expect(readValue(v8, 3)).toMatchObject({ type: 'unreadable', why: expect.stringContaining('collected') });
    expect(readValue(v8, Number.NaN)).toMatchObject({ type: 'unreadable' });
  });

  it('reads anything without throwing', () => {
    const heap = new DrawnHeap();
    const strings = Array.from({ length: 4 }, (_, index) => heap.string(`key ${index}`));
    const inner = heap.plain([{ key: strings[0]!, word: smi(1) }]);
    const object = heap.plain([
      { key: strings[1]!, word: inner },
      { key: strings[2]!, word: heap.array([smi(1), inner]) },
      { key: strings[3]!, word: heap.number(1.5) },
    ]);
    heap.set(inner, 24, object);
    const whole = heap.bytes.slice();
    const word = fc.record({
      at: fc.nat(400),
      value: fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.constantFrom(object, inner, 1, 3, 2 ** 32)),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (damage) => {
        heap.bytes.set(whole);
        for (const { at, value } of damage) heap.set(0x10_0011, at * 8, value);
        const value = readValue(heap.reader(), object, { depth: 6 });
        expect(JSON.stringify(value).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
