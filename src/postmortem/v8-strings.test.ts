import { describe, expect, it } from 'vitest';
import { DrawnHeap, smi } from './drawn-heap.fixture.ts';
import { constantsOf } from './profile-of-image.ts';
import { readLayout } from './read-layout.ts';
import { PROFILES } from './v8-profiles.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, stringLength, textOf } from './v8-strings.ts';

const CONS = 41;
const SLICED = 43;
const THIN = 45;
const EXTERNAL = 42;
const TWO_BYTE = 32;

function readerOf(heap: DrawnHeap): V8Reader {
  const node24 = PROFILES.find(({ node }) => node.startsWith('24.'))!;
  return { ...heap.reader(), layout: readLayout(constantsOf(node24), node24.node, node24.v8) };
}

function cons(heap: DrawnHeap, length: number, first: number, second: number): number {
  return heap.object(CONS, [smi(length), first, second]);
}

describe('readString', () => {
  it('reads ropes in order, from any part, and no more than asked for', () => {
    const heap = new DrawnHeap();
    const rope = cons(heap, 9, cons(heap, 6, heap.string('abc'), heap.string('def')), heap.string('ghi'));
    const sliced = heap.object(SLICED, [smi(5), rope, smi(2)]);
    const thin = heap.object(THIN, [smi(5), sliced]);
    const v8 = readerOf(heap);
    expect(readString(v8, rope, 100)).toEqual({ text: 'abcdefghi', length: 9 });
    for (let most = 0; most <= 9; most++)
      expect(readString(v8, rope, most)).toEqual({ text: 'abcdefghi'.slice(0, most), length: 9 });
    expect(readString(v8, sliced, 100)).toEqual({ text: 'cdefg', length: 5 });
    expect(textOf(v8, thin)).toBe('cdefg');
  });

  it('reads ropes as deep as long, to the left and to the right', () => {
    const heap = new DrawnHeap();
    const one = heap.string('x');
    let left = one;
    let right = one;
    for (let length = 2; length <= 5000; length++) {
      left = cons(heap, length, left, one);
      right = cons(heap, length, one, right);
    }
    const v8 = readerOf(heap);
    for (const rope of [left, right]) {
      expect(readString(v8, rope, 10)).toEqual({ text: 'x'.repeat(10), length: 5000 });
      expect(readString(v8, rope, 9999)?.text).toBe('x'.repeat(5000));
    }
  });

  it('reads two-byte text with lone halves of surrogates', () => {
    const heap = new DrawnHeap();
    const text = 'ш\ud800→';
    const low = text.charCodeAt(0) + text.charCodeAt(1) * 2 ** 16;
    const string = heap.object(TWO_BYTE, [smi(3), low + text.charCodeAt(2) * 2 ** 32]);
    expect(readString(readerOf(heap), string, 10)).toEqual({ text, length: 3 });
  });

  it('ends at cycles, lies about lengths, and holes', () => {
    const heap = new DrawnHeap();
    const abc = heap.string('abc');
    const self = cons(heap, 6, abc, abc);
    heap.set(self, 16, self);
    const thin = heap.object(THIN, [smi(3), abc]);
    heap.set(thin, 16, thin);
    const flattened = cons(heap, 3, abc, heap.string(''));
    heap.set(flattened, 16, flattened);
    const long = cons(heap, 7, abc, abc);
    const outside = heap.object(SLICED, [smi(3), abc, smi(2)]);
    const nowhere = heap.object(EXTERNAL, [smi(3), 0, 0]);
    const v8 = readerOf(heap);
    for (const [string, length] of [
      [self, 6],
      [thin, 3],
      [flattened, 3],
      [long, 7],
      [outside, 3],
      [nowhere, 3],
    ] as const)
      expect(readString(v8, string, 100)).toEqual({ text: '', length });
  });

  it('says that other objects are no strings', () => {
    const heap = new DrawnHeap();
    const v8 = readerOf(heap);
    expect(readString(v8, heap.array([]), 10)).toBeUndefined();
    expect(readString(v8, Number.NaN, 10)).toBeUndefined();
    expect(stringLength(v8, smi(3))).toBeNaN();
    expect(textOf(v8, 0x7fff_0001)).toBe('');
  });
});
