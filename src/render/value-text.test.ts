import { inspect, stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import type { ObjectValue, Property, Value } from '../postmortem/value.ts';
import { buildJsonValue } from './value-json.ts';
import { renderValue, renderValueLine } from './value-text.ts';

const plain = { columns: 80, color: false };
const text = (value: string): Value => ({
  type: 'string',
  text: value,
  length: value.length,
  address: 0x1001,
});
const number = (value: number): Value => ({ type: 'number', value });
const property = (key: string, value: Value, kind: Property['kind'] = 'property'): Property => ({
  key,
  kind,
  value,
  isEnumerable: true,
});
const object = (changes: Partial<ObjectValue>): ObjectValue => ({
  type: 'object',
  address: 0x2f3ac1,
  kind: 'object',
  className: 'Object',
  ...changes,
});
const list = (...items: Value[]): ObjectValue =>
  object({
    kind: 'array',
    className: 'Array',
    length: items.length,
    properties: items.map((item, i) => property(String(i), item, 'element')),
  });

describe('as util.inspect shows them', () => {
  const cases: [Value, unknown][] = [
    [{ type: 'undefined' }, undefined],
    [{ type: 'null' }, null],
    [{ type: 'boolean', value: true }, true],
    [number(-0), -0],
    [number(Number.NaN), Number.NaN],
    [{ type: 'bigint', value: '12345678901234567890' }, 12345678901234567890n],
    [{ type: 'symbol', description: 'x', address: 1 }, Symbol('x')],
    [text("it's \n \\ here"), "it's \n \\ here"],
    [object({ properties: [] }), {}],
    [list(number(1), number(2), text('c')), [1, 2, 'c']],
    [object({ properties: [property('a', number(1)), property('b-c', text('x'))] }), { a: 1, 'b-c': 'x' }],
    [
      object({ className: 'Session', properties: [property('id', number(7))] }),
      new (class Session {
        id = 7;
      })(),
    ],
    [
      object({
        kind: 'map',
        className: 'Map',
        length: 1,
        properties: [property('k', list(number(1)), 'entry')],
      }),
      new Map([['k', [1]]]),
    ],
    [
      object({ kind: 'set', className: 'Set', length: 1, properties: [property('0', number(3), 'entry')] }),
      new Set([3]),
    ],
    [object({ kind: 'regexp', className: 'RegExp', text: '/a+/gi' }), /a+/gi],
    [object({ kind: 'date', className: 'Date', text: '2020-01-01T00:00:00.000Z' }), new Date('2020-01-01')],
    [
      object({ className: '[Object: null prototype]', properties: [property('a', number(1))] }),
      Object.assign(Object.create(null), { a: 1 }),
    ],
    [
      object({
        properties: [
          {
            key: 'v',
            kind: 'property',
            get: object({ kind: 'function', className: 'Function' }),
            isEnumerable: true,
          },
        ],
      }),
      {
        get v() {
          return 1;
        },
      },
    ],
  ];
  test.each(cases)('%#', (value, original) => {
    expect(renderValue(value, plain)).toBe(inspect(original, { compact: 3 }));
  });
});

test('what was cut says so', () => {
  expect(renderValue({ type: 'string', text: 'abc', length: 5003, address: 1 }, plain)).toBe(
    "'abc' … 5 000 more characters",
  );
  const cut = list(number(1), number(2));
  cut.length = 100;
  cut.propertyCount = 100;
  expect(renderValue(cut, plain)).toBe('(100) [ 1, 2, … 98 more ]');
  const many = object({
    properties: Array.from({ length: 500 }, (_, i) => property(`key${i}`, text('some words'))),
  });
  const lines = renderValue(many, { ...plain, mostLines: 20 }).split('\n');
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('… 482 more lines');
});

test('objects too deep to be read show class and address, to go on with', () => {
  const outer = object({
    className: 'App',
    properties: [
      property('db', object({ className: 'Pool' })),
      property('f', object({ kind: 'function', className: 'Function', text: 'go', place: '/app/a.js:3:4' })),
    ],
  });
  expect(renderValue(outer, { ...plain, addresses: true })).toBe(
    'App { db: [Pool] @0x2f3ac1, f: [Function: go] /app/a.js:3:4 @0x2f3ac1 }',
  );
});

test('engine kinds', () => {
  expect(
    renderValue(object({ kind: 'typed-array', className: 'Buffer', text: 'd00d', length: 66 }), plain),
  ).toBe('Buffer(66) <d0 0d … 64 more bytes>');
  expect(
    renderValue(
      object({
        kind: 'promise',
        className: 'Promise',
        text: 'fulfilled',
        properties: [property('[[PromiseResult]]', number(1), 'internal')],
      }),
      plain,
    ),
  ).toBe('Promise <fulfilled> { [[PromiseResult]]: 1 }');
  expect(renderValue(object({ kind: 'error', className: 'TypeError', text: 'no url' }), plain)).toBe(
    '[TypeError: no url]',
  );
  expect(renderValue({ type: 'unreadable', address: 0x99, why: 'not in the core' }, plain)).toBe(
    '<unreadable 0x99: not in the core>',
  );
  expect(renderValue({ type: 'optimized-out' }, plain)).toBe('<optimized out>');
  expect(renderValue(object({ isCycle: true, className: 'Node' }), plain)).toBe('[Circular Node]');
  expect(
    renderValue(object({ kind: 'class', className: 'Function', text: 'Session', place: 'a.js:1:1' }), plain),
  ).toBe('[class Session] a.js:1:1');
});

test('a line stays a line, whatever the value', () => {
  const evil = object({
    className: `Evil\u001b[2J`,
    properties: [
      property('a\nb', text('\u0007\u202e'.repeat(300))),
      property('deep', list(list(list(text('x'.repeat(300)))))),
    ],
  });
  for (const columns of [20, 40, 120]) {
    const line = renderValueLine(evil, { ...plain, columns });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(textWidth(line)).toBeLessThanOrEqual(columns);
  }
  expect(renderValue(evil, plain).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(stripVTControlCharacters(renderValue(evil, { ...plain, color: true }))).toBe(
    renderValue(evil, plain),
  );
});

test('models deeper than any stack end', () => {
  let value = object({ properties: [] });
  for (let i = 0; i < 500; i++) value = object({ properties: [property('next', value)] });
  expect(renderValue(value, plain)).toContain('…');
});

test('JSON has no NaN, no lone addresses', () => {
  expect(buildJsonValue(number(Number.NaN))).toEqual({ type: 'number', value: null, text: 'NaN' });
  expect(buildJsonValue(number(-0))).toEqual({ type: 'number', value: null, text: '-0' });
  expect(JSON.parse(JSON.stringify(buildJsonValue(list(text('a')))))).toEqual({
    type: 'object',
    address: '0x2f3ac1',
    kind: 'array',
    className: 'Array',
    length: 1,
    properties: [
      {
        key: '0',
        kind: 'element',
        isEnumerable: true,
        value: { type: 'string', text: 'a', length: 1, address: '0x1001', isCut: false },
      },
    ],
  });
});

describe('objects that do not fit a line', () => {
  const request: Value = {
    type: 'object',
    kind: 'object',
    className: 'IncomingMessage',
    address: 1,
    properties: [
      {
        key: '_events',
        kind: 'property',
        value: { type: 'object', kind: 'object', className: 'Object', address: 3 },
      },
      { key: 'aborted', kind: 'property', value: { type: 'boolean', value: false } },
      { key: 'url', kind: 'property', value: { type: 'string', text: '/slow?x=1', length: 9, address: 5 } },
      { key: 'method', kind: 'property', value: { type: 'string', text: 'GET', length: 3, address: 7 } },
      { key: 'statusCode', kind: 'property', value: { type: 'null' } },
    ],
  };

  test('show what tells most', () => {
    const options = { columns: 55, color: false };
    expect(renderValueLine(request, options)).toBe("IncomingMessage { method: 'GET', url: '/slow?x=1', … }");
  });

  test('and nothing when there is no room at all', () => {
    expect(renderValueLine(request, { columns: 22, color: false })).toBe('IncomingMessage { […] }');
  });
});
