import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPage, unpackPage } from './page-codec.ts';

test('typed arrays and everything around them come back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      fc.array(fc.double()),
      fc.array(fc.integer({ min: 0, max: 255 })),
      fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((value) => value / 100)),
      fc.string(),
      (ints, doubles, bytes, decimals, text) => {
        const value = {
          ints: Int32Array.from(ints),
          nested: [{ doubles: Float64Array.from(doubles) }, null, text],
          bytes: Uint8Array.from(bytes),
          decimals: Float64Array.from(decimals),
        };
        const back = unpackPage(packPage(value)) as typeof value;
        expect(back.ints).toEqual(value.ints);
        expect(back.bytes).toEqual(value.bytes);
        expect(back.nested[2]).toBe(text);
        // −0 is 0 on a page.
        expect([...back.decimals]).toEqual(decimals.map((one) => one + 0));
        const there = [...(back.nested[0] as { doubles: Float64Array }).doubles];
        expect(there.map((one) => one + 0)).toEqual(doubles.map((one) => one + 0));
      },
    ),
  );
});

test('numbers without order take what they need and no more', () => {
  let seed = 1;
  const random = Int32Array.from({ length: 10_000 }, () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed >>> 16;
  });
  const packed = packPage(random);
  expect(packed.length).toBeLessThan(20_200);
  expect(unpackPage(packed)).toEqual(random);
});

test('steps of one take one byte', () => {
  const steady = Float64Array.from({ length: 10_000 }, (_, i) => i / 10);
  expect(packPage(steady).length).toBeLessThan(10_200);
});

test('data cut off is an error, not wrong numbers', () => {
  const bytes = packPage({ column: Int32Array.from([1, 2, 3]) });
  expect(() => unpackPage(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError);
});
