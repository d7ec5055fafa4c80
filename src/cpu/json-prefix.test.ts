import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonPrefix } from './json-prefix.ts';

describe('readJsonPrefix', () => {
  it.each([
    ['{"a":[1,2,', { a: [1, 2] }],
    ['{"a":[1,2', { a: [1] }],
    ['{"a":{"b":"c"},"d', { a: { b: 'c' } }],
    ['{"a":1,"b":tru', { a: 1 }],
    ['{"a":["x","y\\', { a: ['x'] }],
    ['{"a":[1,2]x,"b":3}', { a: [1, 2] }],
    ['[{},{"a":"\u0001"}]', [{}]],
    ['{"a"', undefined],
    ['', undefined],
  ])('%j', (text, value) => {
    expect(readJsonPrefix(text)).toMatchObject({ complete: false, value });
  });

  it('reads whole JSON whole', () => {
    expect(readJsonPrefix('{"a":1}')).toEqual({ value: { a: 1 }, complete: true, read: 7, total: 7 });
  });

  it('keeps a string of megabytes and a nesting of 100 000', () => {
    const long = `["${'x'.repeat(5_000_000)}",`;
    expect((readJsonPrefix(long).value as string[])[0]!.length).toBe(5_000_000);
    const deep = readJsonPrefix(`${'['.repeat(100_000)}1,`);
    expect(deep.read).toBe(100_001);
  });

  it('gives sound JSON for every cut of any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, cut) => {
        const part = readJsonPrefix(text.slice(0, cut % (text.length + 1)));
        expect(part.read).toBeLessThanOrEqual(text.length);
        if (part.read === 0) expect(part.value).toBeUndefined();
        else expect(part.value).toBeDefined();
      }),
    );
  });
});
