import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineEndsOf } from './source-lines.ts';
import { choosePositions } from './source-positions.ts';

/** Groups of 7 bits, low ones first. */
function vlq(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);

interface Entry {
  step: number;
  position: number;
  isStatement: boolean;
}

/** As V8 writes it (src/codegen/source-position-table.cc); the first entry is counted from −1. */
function encode(entries: readonly Entry[], isUnsigned: boolean): Uint8Array {
  const bytes: number[] = [];
  let last = 0;
  for (const { step, position, isStatement } of entries) {
    if (isUnsigned) bytes.push(...vlq(step * 4 + 2 + Number(isStatement)));
    else bytes.push(...vlq(zigzag(isStatement ? step : -step - 1)));
    const value = (position + 1) * 2;
    bytes.push(...vlq(zigzag(value - last)));
    last = value;
  }
  return Uint8Array.from(bytes);
}

const entries = fc.array(
  fc.record({
    step: fc.integer({ min: 1, max: 300 }),
    position: fc.integer({ min: 0, max: 2 ** 29 }),
    isStatement: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('choosePositions', () => {
  it('reads back both encodings', () => {
    fc.assert(
      fc.property(entries, fc.boolean(), (list, isUnsigned) => {
        const length = list.reduce((sum, { step }) => sum + step, 0);
        const table = choosePositions(encode(list, isUnsigned), length, isUnsigned)!;
        let at = -1;
        expect([...table.pcs]).toEqual(list.map(({ step }) => (at += step)));
        expect([...table.offsets]).toEqual(list.map(({ position }) => position));
      }),
    );
  });

  it('notices the other encoding by where it leads', () => {
    const list: Entry[] = Array.from({ length: 20 }, (_, index) => ({
      step: 5,
      position: 100 + index * 7,
      isStatement: index % 3 === 0,
    }));
    for (const isUnsigned of [true, false]) {
      const table = choosePositions(encode(list, isUnsigned), 100, !isUnsigned);
      expect([...(table?.offsets ?? [])]).toEqual(list.map(({ position }) => position));
    }
  });

  it('gives nothing for bytes that are no table, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isUnsigned) => {
        const table = choosePositions(bytes, 50, isUnsigned);
        if (table !== undefined) expect(Math.max(...table.pcs)).toBeLessThan(50);
      }),
    );
    expect(choosePositions(new Uint8Array(0), 10, false)).toBeUndefined();
  });
});

it('counts lines as V8 does', () => {
  expect([...lineEndsOf('a\nb\r\nc\rd\u2028e\u2029')]).toEqual([1, 4, 6, 8, 10]);
  expect([...lineEndsOf('a\n\nb')]).toEqual([1, 2]);
  expect([...lineEndsOf('')]).toEqual([]);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\u2028') }), (text) => {
      expect(lineEndsOf(text).length).toBe(text.split(/\r\n|[\n\r\u2028\u2029]/).length - 1);
    }),
  );
});
