import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObjectIndex, popCount } from './graph-objects.ts';

const CHUNK = 2 ** 18;

/** Chunk numbers in the order they were met, each with the words at which objects begin. */
const chunks = fc.uniqueArray(
  fc.tuple(
    fc.integer({ min: 1, max: 2 ** 29 - 1 }),
    fc.uniqueArray(fc.nat(CHUNK / 8 - 1), { minLength: 1, maxLength: 60 }),
  ),
  { selector: ([key]) => key, maxLength: 12 },
);

function indexOf(drawn: readonly (readonly [number, number[]])[]): {
  index: ObjectIndex;
  addresses: number[];
} {
  const rows = drawn.map(([, slots]) => {
    const row = new Uint32Array(1024);
    for (const slot of slots) row[slot >>> 5]! |= 1 << (slot & 31);
    return row;
  });
  return {
    index: new ObjectIndex(
      drawn.map(([key]) => key | 0),
      rows,
    ),
    addresses: drawn.flatMap(([key, slots]) =>
      slots.toSorted((a, b) => a - b).map((slot) => key * CHUNK + slot * 8 + 1),
    ),
  };
}

describe('an index of objects', () => {
  it('numbers them in the order of their chunks and addresses, and finds them again', () => {
    fc.assert(
      fc.property(chunks, (drawn) => {
        const { index, addresses } = indexOf(drawn);
        expect(index.count).toBe(addresses.length);
        for (const [ordinal, address] of addresses.entries()) {
          expect(index.addressOf(ordinal)).toBe(address);
          expect(index.ordinalAt(address)).toBe(ordinal);
          // Untagged, and as a weak reference has it.
          expect(index.ordinalAt(address - 1)).toBe(ordinal);
          expect(index.ordinalAt(address + 2)).toBe(ordinal);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('knows no other address', () => {
    fc.assert(
      fc.property(chunks, fc.array(fc.maxSafeNat()), (drawn, others) => {
        const { index, addresses } = indexOf(drawn);
        const known = new Set(addresses.map((address) => Math.floor(address / 8)));
        for (const address of [...others, ...addresses.flatMap((one) => [one + 8, one - 8, one + CHUNK])]) {
          if (known.has(Math.floor(address / 8))) continue;
          expect(index.ordinalAt(address)).toBe(-1);
        }
        for (const ordinal of [-1, index.count, Number.NaN, 1e12]) expect(index.addressOf(ordinal)).toBeNaN();
        for (const address of [Number.NaN, -1, 2 ** 60, Number.POSITIVE_INFINITY])
          expect(index.ordinalAt(address)).toBe(-1);
      }),
      { numRuns: 100 },
    );
  });

  it('counts bits', () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        expect(popCount(word)).toBe((word >>> 0).toString(2).replaceAll('0', '').length);
      }),
    );
  });
});
