import { expect, test } from 'vitest';
import { type Memory, PagedMemory } from './memory.ts';

const PAGE = 4096;
/** Pages 0, 1, 3 and 4 are there; a word holds the number of its page. */
function drawMemory(): Memory & { reads: number } {
  const there = new Set([0, 1, 3, 4]);
  return {
    reads: 0,
    read(address, into) {
      this.reads++;
      let done = 0;
      while (done < into.length && there.has(Math.floor((address + done) / PAGE))) {
        into[done] = (address + done) % 8 === 0 ? Math.floor((address + done) / PAGE) : 0;
        done++;
      }
      return done;
    },
  };
}

test.each([12, 16])('reads what lies behind a hole, pages of 2^%i bytes', (bits) => {
  const memory = new PagedMemory(drawMemory(), bits);
  expect(memory.word(8)).toBe(0);
  expect(memory.word(PAGE + 8)).toBe(1);
  expect(memory.word(2 * PAGE)).toBeNaN();
  expect(memory.word(3 * PAGE)).toBe(3);
  expect(memory.u8(4 * PAGE + 16)).toBe(4);
  expect(memory.word(5 * PAGE)).toBeNaN();
  // Across the edge of the hole: half of it is not there.
  expect(memory.word(2 * PAGE - 4)).toBeNaN();
  expect(memory.u16(3 * PAGE - 1)).toBeNaN();
  expect(memory.bytes(PAGE, 2 * PAGE)).toHaveLength(PAGE);
});

test('keeps what it read, behind holes too, until it shall forget', () => {
  const raw = drawMemory();
  const memory = new PagedMemory(raw, 16);
  const words = () => [memory.word(0), memory.word(3 * PAGE), memory.word(4 * PAGE)];
  words();
  const { reads } = raw;
  words();
  expect(raw.reads).toBe(reads);
  memory.forget();
  expect(words()).toEqual([0, 3, 4]);
  expect(raw.reads).toBeGreaterThan(reads);
});
