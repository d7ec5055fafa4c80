import { readSync } from 'node:fs';
import type { LeaveOut } from './core-writer-plan.ts';
import type { PopulatedRange } from './pagemap.ts';

const PAGE = 4096;
/** V8's heap comes in chunks aligned to this (research/postmortem.md §4). */
const CHUNK = 256 * 1024;
/** Smaller ones may hold what V8 and Node keep beside the heap. */
const LEAST = 128 * 1024;
/** Low bits of a size in malloc's headers: the block was mapped on its own (glibc malloc/malloc.c, IS_MMAPPED). */
const FLAGS = 7;
const IS_MMAPPED = 2;

/**
 * Memory of a Node process that is neither V8's heap nor needed to read it: large blocks that malloc mapped (Buffers,
 * ArrayBuffers, what addons hold), and shared memory. A block begins with two words: 0, and its size with a flag.
 * @param memory open `/proc/PID/mem`
 */
export function leaveOutBuffers(memory: number): LeaveOut {
  const header = Buffer.alloc(16);
  const sizeAt = (address: number): number => {
    try {
      if (readSync(memory, header, 0, 16, address) < 16) return 0;
    } catch {
      return 0;
    }
    const low = header.readUInt32LE(8);
    const size = header.readUInt32LE(12) * 2 ** 32 + low - (low & FLAGS);
    const isBlock =
      header.readUInt32LE(0) === 0 && header.readUInt32LE(4) === 0 && (low & FLAGS) === IS_MMAPPED;
    return isBlock && size % PAGE === 0 && size >= LEAST ? size : 0;
  };
  return ({ start, end, permissions, path }) => {
    if (permissions[3] === 's') return [{ start, end }];
    if (path !== '' || permissions[1] !== 'w' || end - start < LEAST) return [];
    const out: PopulatedRange[] = [];
    for (let at = start; at < end; ) {
      const size = sizeAt(at);
      if (size > 0 && at + size <= end) {
        // The first page stays: who reads the core sees that something was there.
        out.push({ start: at + PAGE, end: at + size });
        at += size;
      } else at = at % CHUNK === 0 ? at + CHUNK : at + PAGE;
    }
    return out;
  };
}
