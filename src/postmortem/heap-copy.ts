import { HolterError } from '../base/errors.ts';
import { formatBytes } from '../base/quantity.ts';
import type { Bytes } from '../base/units.ts';
import { readMachineMemory } from '../linux/machine.ts';
import { type Memory, PagedMemory } from '../linux/memory.ts';
import type { HeapPage, HeapPages } from './heap-page.ts';
import { CHUNK } from './heap-pages.ts';
import type { V8Reader } from './v8-reader.ts';

/** Allocated at once; pages are put into them one behind the other. */
const SLAB: Bytes = 64 * 2 ** 20;
/** Of the memory that is free, so much may be taken. */
const SHARE = 0.8;

/**
 * Room for a copy of a heap, made before the process is stopped: getting memory takes longer than copying into it.
 */
export class CopyRoom {
  readonly #slabs: Uint8Array[] = [];
  #used = 0;

  /** @throws HolterError E_TOO_LITTLE_MEMORY */
  constructor(bytes: Bytes) {
    const free = readMachineMemory()?.availableBytes ?? Number.NaN;
    if (bytes > free * SHARE)
      throw new HolterError(
        'E_TOO_LITTLE_MEMORY',
        `the heap of ${formatBytes(bytes)} does not fit into the ${formatBytes(free)} that are free here`,
        { hint: 'holter core take <pid> writes it to a file, which needs no memory' },
      );
    for (let rest = bytes + SLAB / 2; rest > 0; rest -= SLAB) {
      // Writing to it is what gets it from the system.
      this.#slabs.push(new Uint8Array(SLAB).fill(1));
    }
  }

  /** A part of the room; more is made where it is full. */
  take(length: Bytes): Uint8Array {
    if (length > SLAB / 4) return new Uint8Array(length);
    if (this.#slabs[0] === undefined || this.#used + length > SLAB) {
      this.#slabs.shift();
      if (this.#slabs.length === 0) this.#slabs.push(new Uint8Array(SLAB));
      this.#used = 0;
    }
    const part = this.#slabs[0]!.subarray(this.#used, this.#used + length);
    this.#used += length;
    return part;
  }
}

interface Copied {
  start: number;
  bytes: Uint8Array;
}

/**
 * Copies the pages of a stopped process, so that it may go on while they are looked at. What lies outside of the heap (text
 * of external strings, contents of Buffers) is read when it is asked for, and may be another by then.
 * @param room made before the stop by the size of the heap then
 * @returns a reader of the copy, and the pages as they are in it
 */
export function copyHeap(v8: V8Reader, pages: HeapPages, room: CopyRoom): V8Reader {
  const copied: Copied[] = [];
  for (const page of [...pages.readOnly, ...pages.isolates.flatMap((isolate) => isolate.pages)]) {
    const bytes = room.take(page.areaEnd - page.areaStart);
    const length = v8.memory.read(page.areaStart, bytes);
    copied.push({ start: page.areaStart, bytes: bytes.subarray(0, length) });
  }
  const memory = new PagedMemory(new CopiedMemory(v8.memory, copied), 16, 1024);
  const image = Object.create(v8.image, { memory: { value: memory, enumerable: true } }) as V8Reader['image'];
  return { ...v8, image, memory };
}

/** Copies, and behind them the memory that they were made of. */
class CopiedMemory implements Memory {
  readonly #behind: Memory;
  /** By number of the chunk; of large ones each chunk they fill. */
  readonly #byChunk: Map<number, Copied> = new Map();

  constructor(behind: Memory, copied: readonly Copied[]) {
    this.#behind = behind;
    for (const one of copied) {
      const last = Math.floor((one.start + one.bytes.length - 1) / CHUNK);
      for (let chunk = Math.floor(one.start / CHUNK); chunk <= last; chunk++) this.#byChunk.set(chunk, one);
    }
  }

  read(address: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const at = address + done;
      const chunk = Math.floor(at / CHUNK);
      const one = this.#byChunk.get(chunk);
      const end = (chunk + 1) * CHUNK;
      const offset = one === undefined ? -1 : at - one.start;
      let wanted = Math.min(into.length - done, end - at);
      if (one !== undefined && offset >= 0 && offset < one.bytes.length) {
        wanted = Math.min(wanted, one.bytes.length - offset);
        into.set(one.bytes.subarray(offset, offset + wanted), done);
      } else {
        // Headers before the objects, and what is no heap.
        if (one !== undefined && offset < 0) wanted = Math.min(wanted, -offset);
        if (this.#behind.read(at, into.subarray(done, done + wanted)) < wanted) return done;
      }
      done += wanted;
    }
    return done;
  }
}

/** All pages of all isolates and those they share. */
export function allPages(pages: HeapPages): HeapPage[] {
  return [...pages.isolates.flatMap((isolate) => isolate.pages), ...pages.readOnly];
}
