import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demangle } from './demangle.ts';

const PAIRS = new URL('../../test/fixtures/demangle/pairs.txt', import.meta.url);
const lines = readFileSync(PAIRS, 'utf8').trimEnd().split('\n');
const pairs = lines.flatMap((line, index) => (index % 2 === 0 ? [[line, lines[index + 1]!] as const] : []));

describe('as c++filt', () => {
  test('there are enough', () => expect(pairs.length).toBeGreaterThan(100));
  test.each(pairs)('%s', (mangled, name) => expect(demangle(mangled)).toBe(name));
});

describe('newer than the c++filt of Debian 12', () => {
  test.each([
    ['_Z1fIiEvT_Q7ConceptIS0_E', 'void f<int>(int) requires (Concept<int>)'],
    ['_Z1fITk7ConceptiEvT_', 'void f<int>(int)'],
    ['_Z1fIiTnPvLS0_0EEvT_', 'void f<int, (void*)0>(int)'],
    ['_ZL5table.0', 'table [clone .0]'],
    ['_ZN1A1fIiEEvT_QaasrT_1xsrT_1y', 'void A::f<int>(int) requires (int::x&&int::y)'],
    ['_Z1fIiEvvQrqXplfp_fp_ER7ConceptE', undefined],
    ['_Z1fDB8_', 'f(signed _BitInt(8))'],
  ])('%s', (mangled, name) => {
    if (name === undefined) expect(() => demangle(mangled)).not.toThrow();
    else expect(demangle(mangled)).toBe(name);
  });
});

describe('no mangled name', () => {
  test.each([
    '',
    '_',
    '_Z',
    '_ZN',
    'main',
    'Z1fv',
    '_Z1f@plt',
    '_Z99f',
    '_Z1fS_',
    '_Z1fT_',
    '_ZN3fooE1',
    '_Z1fv.',
    '_Z1fv.A',
  ])('%j stays', (text) => expect(demangle(text)).toBe(text));
});

const kept = (index: number): string => `S${index === 0 ? '' : (index - 1).toString(36).toUpperCase()}_`;
const DOUBLING: string = `_Z1fSt4pairIiiE${Array.from({ length: 60 }, (_, i) => `S_I${kept(i + 1)}${kept(i + 1)}E`).join('')}`;

describe('hostile names', () => {
  test.each([
    // Of 2^60 letters if it were written.
    ['doubling', DOUBLING],
    ['deep pointers', `_Z1f${'P'.repeat(60_000)}i`],
    ['deep names', `_Z${'N'.repeat(60_000)}`],
    ['deep local names', `_Z${'Z'.repeat(60_000)}1fv`],
    ['deep templates', `_Z1f${'I1A'.repeat(20_000)}`],
    ['deep expressions', `_Z1fIX${'pl'.repeat(30_000)}`],
    ['deep functions', `_Z1f${'PF'.repeat(30_000)}`],
    ['deep conversions', `_ZN1A${'cvT_I'.repeat(12_000)}`],
    ['a parameter that stands for itself', '_Z1fIT_EvT_'],
    ['a long number', `_Z${'9'.repeat(60_000)}f`],
    ['many empty packs', `_Z1fI${'JE'.repeat(30_000)}EvDpT_`],
    ['longer than any', `_Z1f${'i'.repeat(100_000)}`],
    ['like Rust', `_ZN${'1a17h'.repeat(13_000)}E`],
  ])('%s', (_, mangled) => {
    const name = demangle(mangled);
    expect(name.length).toBeLessThan(400_000);
  });

  test('conversion operators that are tried two ways do not take twice as long each', () => {
    const mangled = `_ZN1A${'cvT_I'.repeat(60)}i${'E'.repeat(60)}Ev`;
    expect(demangle(mangled).length).toBeLessThan(400_000);
  });
});

const known = fc.constantFrom(...pairs.map(([mangled]) => mangled));

describe('damaged names', () => {
  test('cut ones never throw, and stay or become something bounded', () => {
    fc.assert(
      fc.property(known, fc.nat(), (mangled, at) => {
        const cut = mangled.slice(0, at % (mangled.length + 1));
        expect(demangle(cut).length).toBeLessThan(400_000);
      }),
      { numRuns: 3000 },
    );
  });

  test('flipped letters never throw', () => {
    const letter = fc.constantFrom(...'_ZNKSTIJELXDFRPOQMUabcdilnoprstvxz0123456789.$');
    fc.assert(
      fc.property(
        known,
        fc.array(fc.tuple(fc.nat(), letter), { minLength: 1, maxLength: 4 }),
        (mangled, flips) => {
          const letters = [...mangled];
          for (const [at, to] of flips) letters[2 + (at % (letters.length - 2))] = to;
          expect(demangle(letters.join('')).length).toBeLessThan(400_000);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('two names spliced never throw', () => {
    fc.assert(
      fc.property(known, known, fc.nat(), fc.nat(), (first, second, from, to) => {
        const spliced = first.slice(0, from % first.length) + second.slice(to % second.length);
        expect(demangle(spliced).length).toBeLessThan(400_000);
      }),
      { numRuns: 3000 },
    );
  });

  test('any text', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof demangle(`_Z${text}`) === 'string'));
  });
});

test('what is already a name stays', () => {
  for (const [, name] of pairs) if (!name.startsWith('_')) expect(demangle(name)).toBe(name);
});
