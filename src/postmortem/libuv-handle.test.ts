import { expect, test } from 'vitest';
import { PagedMemory } from '../linux/memory.ts';
import { loopTime, readLibuvHandle, readLibuvRequest, timersWithin } from './libuv-handle.ts';
import { wrapsOf } from './node-environment.ts';
import type { V8Reader } from './v8-reader.ts';

const BASE = 0x10000;

/** Memory from BASE on with these 64-bit words (by address) in it. */
function draw(
  words: Readonly<Record<number, number>>,
  texts: Readonly<Record<number, string>> = {},
): PagedMemory {
  const bytes = new Uint8Array(0x4000);
  const view = new DataView(bytes.buffer);
  for (const [at, word] of Object.entries(words)) {
    view.setUint32(Number(at) - BASE, word % 2 ** 32, true);
    view.setUint32(Number(at) - BASE + 4, Math.floor(word / 2 ** 32), true);
  }
  for (const [at, text] of Object.entries(texts)) bytes.set(Buffer.from(`${text}\0`), Number(at) - BASE);
  return new PagedMemory({
    read(address, into) {
      const from = address - BASE;
      if (from < 0 || from >= bytes.length) return 0;
      const part = bytes.subarray(from, from + into.length);
      into.set(part);
      return part.length;
    },
  });
}

test('a socket that listens', () => {
  const at = BASE + 64;
  const memory = draw({
    [at + 8]: BASE + 0x1000,
    [at + 16]: 12,
    [at + 88]: 4 + 8 + 0x2000,
    [at + 184]: 19,
    [at + 224]: 0x40_1000,
    [BASE + 0x1000 + 544]: 12_345,
  });
  expect(readLibuvHandle(memory, at)).toEqual({
    type: 'tcp',
    isActive: true,
    isReferenced: true,
    isClosing: false,
    isListening: true,
    fd: 19,
    loop: BASE + 0x1000,
  });
  expect(loopTime(memory, BASE + 0x1000)).toBe(12_345);
});

test('a watched file, closing; a file operation', () => {
  const at = BASE + 64;
  const memory = draw(
    {
      [at + 16]: 3,
      [at + 88]: 4 + 1,
      [at + 96]: BASE + 0x800,
      [BASE + 0x200 + 8]: 6,
      [BASE + 0x200 + 64]: 1,
      [BASE + 0x200 + 104]: BASE + 0x800,
    },
    { [BASE + 0x800]: '/srv/größe' },
  );
  expect(readLibuvHandle(memory, at)).toMatchObject({
    type: 'fs-event',
    isClosing: true,
    path: '/srv/größe',
  });
  expect(readLibuvRequest(memory, BASE + 0x200)).toEqual({
    type: 'fs',
    operation: 'open',
    path: '/srv/größe',
  });
});

test('what is no handle is none', () => {
  const memory = draw({ [BASE + 16]: 4711 });
  expect(readLibuvHandle(memory, BASE)).toBeUndefined();
  expect(readLibuvHandle(memory, 0x99_0000)).toBeUndefined();
  expect(readLibuvHandle(memory, Number.NaN)).toBeUndefined();
  expect(readLibuvRequest(memory, BASE + 8)).toBeUndefined();
  expect(timersWithin(memory, Number.NaN, 0, 1)).toEqual([]);
});

test('lists end, whatever their links say', () => {
  const [head, a, b] = [BASE + 0x100, BASE + 0x200, BASE + 0x300] as const;
  const list = (words: Record<number, number>) => ({ memory: draw(words) }) as unknown as V8Reader;
  const good = { [head]: b, [head + 8]: a, [a]: head, [a + 8]: b, [b]: a, [b + 8]: head };
  expect(wrapsOf(list(good), head, 0x40)).toEqual([a - 0x40, b - 0x40]);
  expect(wrapsOf(list({ [head]: head, [head + 8]: head }), head, 0x40)).toEqual([]);
  // Back to the first instead of the head; into nothing.
  expect(wrapsOf(list({ ...good, [b + 8]: a }), head, 0x40)).toEqual([a - 0x40, b - 0x40]);
  expect(wrapsOf(list({ ...good, [b + 8]: 0x77_0000 }), head, 0x40)).toHaveLength(2);
  // A loop of libuv whose handles lead in a circle that never comes back.
  expect(timersWithin(list({ [head + 16]: a, [a]: b, [b]: a }).memory, head, 0, 1)).toEqual([]);
});
