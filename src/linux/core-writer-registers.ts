import { symbolsOf } from './image-symbols.ts';
import { mappingAt } from './memory-map.ts';
import type { ProcessImage, ThreadImage } from './process-image.ts';
import { REGISTER } from './process-image.ts';
import { unwind } from './unwind.ts';

/** Registers of a thread that nobody told, found in its memory; absent: not found. */
export interface FoundRegisters {
  /** The frame pointer, such that its stack unwinds. */
  rbp?: number;
  /** Thread pointer of x86-64: the address of glibc's `struct pthread`. */
  fsBase?: number;
}

const PAGE = 4096;
/** In glibc's struct pthread (nptl/descr.h) on x86-64: tcb, self, tid. The last is the same since glibc 2.4. */
const SELF = 16;
const TID = 0x2d0;
/** Static thread-local storage lies between the descriptor and the end of its mapping. */
const SEARCHED = 256 * 1024;
/** Of a mapping that the dynamic linker made; V8's heap is thousands of mappings of 256 KiB. */
const SMALL = 128 * 1024;
const MOST_FRAMES = 64;

/**
 * Finds frame pointers and thread pointers by the memory of the threads, because /proc tells where a thread is, but not
 * these. Debuggers unwind with the one and find thread-local variables with the other. Never throws for bad memory.
 * @returns by thread id
 */
export function findRegisters(image: ProcessImage): Map<number, FoundRegisters> {
  const symbols = symbolsOf(image);
  const found = new Map<number, FoundRegisters>();
  for (const thread of image.threads) {
    const rbp = framePointer(image, thread, symbols);
    const fsBase = threadPointer(image, thread);
    found.set(thread.tid, {
      ...(rbp === undefined ? {} : { rbp }),
      ...(fsBase === undefined ? {} : { fsBase }),
    });
  }
  return found;
}

/**
 * Of the innermost function that needs one; functions further in (libc's) must not have saved another since, else the
 * register holds what they work with, and unwinding does not need it.
 */
function framePointer(
  image: ProcessImage,
  thread: ThreadImage,
  symbols: ReturnType<typeof symbolsOf>,
): number | undefined {
  const registers = Float64Array.from(thread.registers);
  registers[REGISTER.rbp] = Number.NaN;
  for (const { pc, fp, isReturnAddress } of unwind(image, { ...thread, registers }, symbols, {
    most: MOST_FRAMES,
  })) {
    if (!Number.isNaN(fp)) return fp;
    const rule = symbols.frameRowAt(isReturnAddress ? pc - 1 : pc)?.registers.get(REGISTER.rbp);
    if (rule !== undefined && rule.kind !== 'same') return undefined;
  }
  return undefined;
}

/** A descriptor begins with its own address, twice, and knows its thread. pthreads lie at the end of their stacks. */
function threadPointer(image: ProcessImage, { tid, registers }: ThreadImage): number | undefined {
  const stack = mappingAt(image.mappings, registers[REGISTER.rsp]!);
  if (stack === undefined) return undefined;
  const own = searchDescriptor(image, tid, Math.max(stack.start, stack.end - SEARCHED), stack.end);
  if (own !== undefined || tid !== image.pid) return own;
  // The main thread's was made by the dynamic linker: a small anonymous mapping.
  for (const { start, end, permissions, path } of image.mappings) {
    if (path !== '' || !permissions.startsWith('rw') || end - start > SMALL) continue;
    const found = searchDescriptor(image, tid, start, end);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Descriptors are aligned to 64 bytes. */
function searchDescriptor(
  { memory }: ProcessImage,
  tid: number,
  start: number,
  end: number,
): number | undefined {
  for (let page = end - PAGE; page >= start; page -= PAGE) {
    if (!memory.isReadable(page)) continue;
    for (let at = page; at < page + PAGE; at += 64)
      if (memory.word(at) === at && memory.word(at + SELF) === at && memory.u32(at + TID) === tid) return at;
  }
  return undefined;
}
