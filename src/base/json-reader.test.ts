import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBytes } from './byte-source.ts';
import { JsonKeys } from './json-keys.ts';
import { END, JsonReader, OTHER_KEY } from './json-reader.ts';
import { readJsonValue } from './json-value.fixture.ts';
import { StringTable } from './string-table.ts';

/** Windows of a few bytes put every token across an edge sooner or later. */
const open = (text: string | Uint8Array, window?: number) =>
  new JsonReader(openBytes(typeof text === 'string' ? Buffer.from(text) : text), window);
const windows = fc.integer({ min: 1, max: 40 });
const spaced = fc
  .tuple(fc.json(), fc.constantFrom(undefined, 1, '\t', '\r\n'))
  .map(([text, space]) => JSON.stringify(JSON.parse(text), null, space as never) as string);

function numbersOf(json: JsonReader, batchSize = 7): number[] {
  const batch = new Float64Array(batchSize);
  const numbers: number[] = [];
  json.enterArray();
  for (let count = json.readNumbers(batch); count > 0; count = json.readNumbers(batch))
    numbers.push(...batch.subarray(0, count));
  return numbers;
}

describe('values', () => {
  it('reads any JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(spaced, windows, (text, window) => {
        const json = open(text, window);
        expect(readJsonValue(json)).toStrictEqual(JSON.parse(text));
        expect([json.finish(), json.damagedAt]).toEqual([true, undefined]);
      }),
      { numRuns: 300 },
    );
  });

  it('skips any value to the byte', () => {
    fc.assert(
      fc.property(spaced, windows, (text, window) => {
        const json = open(`[${text} , 42]`, window);
        json.enterArray();
        json.nextElement();
        json.skip();
        expect([json.nextElement(), json.readNumber(0), json.nextElement(), json.finish()]).toEqual([
          true,
          42,
          false,
          true,
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    '"a\\u00e9\\n\\"\\\\\\/b"',
    '"\\ud83d\\ude00 😀 é 漢"',
    '"\\ud800 alone"',
    '"\u007f\u2028"',
    '{"__proto__":{"a":1},"a\\tb":2}',
    '-0',
    '1e400',
    '[0.1,1.5e-7,123456789012345678901234567890,-9007199254740993,4.35,0.000001,1E+2]',
    '[true,false,null]',
  ])('%s', (text) => {
    for (const window of [1, 2, 3, 5, 100]) {
      const json = open(text, window);
      expect(readJsonValue(json)).toStrictEqual(JSON.parse(text));
      expect(json.finish()).toBe(true);
    }
  });

  it('rounds every number as JSON.parse does', () => {
    const numbers = fc.oneof(
      fc.integer(),
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.integer({ min: -99999999, max: 99999999 }).map((value) => value / 1000),
    );
    fc.assert(
      fc.property(fc.array(numbers), windows, (list, window) => {
        const text = JSON.stringify(list);
        expect(numbersOf(open(text, window))).toStrictEqual(JSON.parse(text));
        expect(readJsonValue(open(text, window))).toStrictEqual(JSON.parse(text));
      }),
    );
  });

  it('takes a BOM, CRLF, and what is no UTF-8', () => {
    expect(readJsonValue(open('\ufeff{"a":\r\n[1]}\r\n'))).toEqual({ a: [1] });
    expect(readJsonValue(open(Buffer.from([0x22, 0xff, 0x41, 0x22])))).toBe('\ufffdA');
  });
});

describe('arrays of numbers', () => {
  it('go across batches and windows, also when pretty-printed', () => {
    const list = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1_000_003);
    for (const space of [undefined, 1])
      for (const window of [3, 64, 4096]) {
        const json = open(JSON.stringify([list, 'end'], null, space), window);
        json.enterArray();
        json.nextElement();
        expect(numbersOf(json)).toEqual(list);
        expect([json.nextElement(), json.readString(), json.nextElement()]).toEqual([true, 'end', false]);
      }
  });

  it('read anything else as NaN', () => {
    expect(numbersOf(open('[1,"2",[3],{"a":4},null,5]'), 2)).toEqual([1, NaN, NaN, NaN, NaN, 5]);
    expect(numbersOf(open('[]'))).toEqual([]);
    expect(numbersOf(open('{"a":1}'))).toEqual([]);
  });

  it.each([
    ['[1,2,3', [1, 2], 5],
    ['[1,2,', [1, 2], 5],
    ['[1,02,3]', [1], 3],
    ['[1,2 3]', [1, 2], 5],
    ['[1,2,]', [1, 2], 5],
    ['[1,\u00002]', [1], 3],
    ['[1,2x]', [1], 3],
    ['[1,-]', [1], 3],
    ['[1,1.]', [1], 3],
    ['[1,123456789012', [1], 3],
  ])('end where the text is damaged: %j', (text, list, at) => {
    for (const window of [1, 4, 100]) {
      const json = open(text, window);
      expect(numbersOf(json)).toEqual(list);
      expect(json.damagedAt).toBe(at);
    }
  });
});

describe('objects', () => {
  const KEYS = new JsonKeys(['id', 'callFrame', 'hitCount', 'é']);

  it('find keys by bytes, escaped or not', () => {
    for (const window of [1, 6, 100]) {
      const json = open('{"callFrame":1, "x":[2] ,"\\u0069d":3,"é":4,"hitCounts":5,"":6}', window);
      json.enterObject();
      const seen: number[] = [];
      for (let key = json.nextKey(KEYS); key !== END; key = json.nextKey(KEYS)) {
        seen.push(key);
        json.skip();
      }
      expect(seen).toEqual([1, OTHER_KEY, 0, 3, OTHER_KEY, OTHER_KEY]);
      expect(json.finish()).toBe(true);
    }
  });

  it('of the wrong kind are skipped', () => {
    const json = open('[[1,{"a":2}],"x",{"id":4}]');
    json.enterArray();
    expect([json.nextElement(), json.enterObject()]).toEqual([true, false]);
    expect([json.nextElement(), json.enterArray()]).toEqual([true, false]);
    expect([json.nextElement(), json.enterObject(), json.nextKey(KEYS), json.readNumber(0)]).toEqual([
      true,
      true,
      0,
      4,
    ]);
  });
});

describe('damage', () => {
  it.each([
    ['', 0],
    ['{"a":1,"b":tru', 11],
    ['{"a":[1,2]x,"b":3}', 10],
    ['{"a"', 4],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['{"a":1,}', 7],
    ['[1,,2]', 3],
    ['{"a":"x\\', 5],
    ['["\u0001"]', 1],
    ['["\\x"]', 1],
    ['[1}', 2],
    ['[nul]', 1],
    ['{} x', 3],
    ['hello', 0],
  ])('%j from byte %i on', (text, at) => {
    for (const window of [1, 3, 100]) {
      const json = open(text, window);
      readJsonValue(json);
      expect(json.finish()).toBe(false);
      expect(json.damagedAt).toBe(at);
      expect(json.describeDamage()).toBe(`file is sound for ${at} of ${Buffer.byteLength(text)} bytes`);
    }
  });

  it.each([
    ['[[1,2}]', 5],
    ['["abc', 1],
    ['[{"a":"\\', 6],
    ['[[[[', 4],
  ])('inside of what is skipped: %j', (text, at) => {
    for (const window of [1, 3, 100]) {
      const json = open(text, window);
      json.skip();
      expect(json.damagedAt).toBe(at);
    }
  });

  it('keeps the sound part of any cut', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), windows, (text, where, window) => {
        const bytes = Buffer.from(text);
        const cut = where % (bytes.length + 1);
        const json = open(bytes.subarray(0, cut), window);
        readJsonValue(json);
        const whole = json.finish();
        expect(json.damagedAt ?? 0).toBeLessThanOrEqual(cut);
        if (cut === bytes.length) expect(whole).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), windows, (bytes, window) => {
        // Packed bytes are unpacked when they are opened, or refused there.
        fc.pre(bytes[0] !== 0x1f || bytes[1] !== 0x8b);
        const json = open(bytes, window);
        readJsonValue(json);
        let sound = json.finish();
        let value: unknown;
        try {
          value = JSON.parse(
            Buffer.from(bytes)
              .toString('utf8')
              .replace(/^\ufeff/, ''),
          );
        } catch {
          value = undefined;
        }
        if (value === undefined) expect(sound).toBe(false);
        const skipped = open(bytes, window);
        skipped.skip();
        sound = skipped.finish();
        if (value !== undefined) expect(sound).toBe(true);
      }),
    );
  });

  it('has the size of a pipe from its end', () => {
    let left = 30;
    const json = new JsonReader({
      name: 'pipe',
      size: undefined,
      read: (into) => {
        if (left-- <= 0) return 0;
        into[0] = 0x5b;
        into[1] = 0x78;
        return 2;
      },
      close() {},
    });
    readJsonValue(json);
    expect(json.describeDamage()).toBe('file is sound for 1 of 60 bytes');
  });
});

it('is not stopped by a string of megabytes or a nesting of a million', () => {
  const long = 'x'.repeat(5_000_000);
  expect(readJsonValue(open(`["${long}"]`))).toEqual([long]);
  const deep = open(`[${'['.repeat(1e6)}${']'.repeat(1e6)},7]`);
  deep.enterArray();
  deep.nextElement();
  deep.skip();
  expect([deep.nextElement(), deep.readNumber(0)]).toEqual([true, 7]);
  expect(readJsonValue(open('['.repeat(1e5)))).toBeDefined();
});

describe('string tables', () => {
  const ids = (text: string, window?: number) => {
    const strings = new StringTable();
    const json = open(text, window);
    json.enterArray();
    const list: number[] = [];
    while (json.nextElement()) list.push(json.readStringId(strings, -1));
    return { list, texts: list.map((id) => (id < 0 ? undefined : strings.text(id))) };
  };

  it('give one id to one string, however it is spelled', () => {
    expect(ids('["a","b","","a",7,"\\u0061","\\u0062","c","\\u0063\\u00e9","cé","\\ud800"]').list).toEqual([
      1, 2, 0, 1, -1, 1, 2, 3, 4, 4, 5,
    ]);
  });

  it('decode as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), windows, (list, window) => {
        const { list: found, texts } = ids(JSON.stringify(list), window);
        expect(texts).toEqual(list);
        const strings = new StringTable();
        const own = list.map((text) => strings.internText(text));
        expect(own).toEqual(found);
      }),
    );
  });

  it('hold many', () => {
    const list = Array.from({ length: 50_000 }, (_, i) => `function ${i % 40_000}`);
    const { list: found, texts } = ids(JSON.stringify(list));
    expect(texts).toEqual(list);
    expect(new Set(found).size).toBe(40_000);
  });
});
