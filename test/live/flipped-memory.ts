import type { Memory } from '../../src/linux/memory.ts';

const PAGE = 4096;

/**
 * The memory of a process with damage, the same for the same seed: bits flipped, bytes and words replaced, words moved,
 * pages missing. `share` is how many of its bytes are hit.
 */
export function flippedMemory(memory: Memory, damage: { seed: number; share: number }): Memory {
  let state = damage.seed * 2_654_435_761 + 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 1) / 2 ** 31;
  };
  const pages = new Map<number, Uint8Array>();
  const pageAt = (key: number): Uint8Array => {
    const known = pages.get(key);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(PAGE);
    const page = bytes.subarray(0, memory.read(key * PAGE, bytes));
    const isGone = random() < damage.share * 10;
    const hits = Math.floor(page.length * damage.share + random());
    for (let hit = 0; hit < hits && page.length >= 16; hit++) damageOne(page, random);
    const result = isGone ? page.subarray(0, 0) : page;
    pages.set(key, result);
    return result;
  };
  return {
    read(address, into) {
      if (!(address >= 0 && address < 2 ** 48)) return 0;
      let done = 0;
      while (done < into.length) {
        const page = pageAt(Math.floor((address + done) / PAGE));
        const offset = (address + done) % PAGE;
        if (offset >= page.length) break;
        const part = page.subarray(offset, offset + into.length - done);
        into.set(part, done);
        done += part.length;
      }
      return done;
    },
  };
}

function damageOne(page: Uint8Array, random: () => number): void {
  const at = Math.floor(random() * page.length);
  const word = Math.min(at & ~7, page.length - 16);
  const way = random();
  if (way < 0.5) page[at]! ^= 1 << Math.floor(random() * 8);
  else if (way < 0.75) page[at] = Math.floor(random() * 256);
  else if (way < 0.85) page.fill(0xff, word, word + 8);
  else if (way < 0.95) page.fill(0, word, word + 8);
  else page.copyWithin(word, word + 8, word + 16);
}
