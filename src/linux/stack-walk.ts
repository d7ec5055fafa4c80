import { type Mapping, mappingAt } from './memory-map.ts';
import type { ProcessImage } from './process-image.ts';
import { EPILOGUE, epilogueDepth, PROLOGUE, prologueDepth } from './x86-prologue.ts';

/** A search of the stack looks so far above its pointer. */
const SCAN = 16 * 1024;
const LONGEST_CHAIN = 20_000;
/** The stack of one thread, and the chains of frame pointers on it. */
export class StackWalk {
  readonly #image: ProcessImage;
  readonly #mapping: Mapping | undefined;

  constructor(image: ProcessImage, sp: number) {
    this.#image = image;
    this.#mapping = mappingAt(image.mappings, sp);
  }

  /** Lies a word of this stack there? */
  holds(address: number): boolean {
    const { start = 0, end = 0 } = this.#mapping ?? {};
    return address >= start && address + 8 <= end && address % 8 === 0;
  }

  isCode(pc: number): boolean {
    const mapping = pc > 4096 ? mappingAt(this.#image.mappings, pc) : undefined;
    return mapping !== undefined && mapping.permissions[2] === 'x';
  }

  /** Is this a frame pointer: above the stack pointer, with a return address beside what it points to? */
  leadsOn(fp: number, sp: number): boolean {
    // rbp = rsp right behind the prologue.
    return fp >= sp && this.#callerOf(fp) !== undefined;
  }

  /**
   * Frame pointer of a function that keeps one, when only its stack pointer is known: from what its prologue pushes and
   * reserves, else the nearest place that a call of this function returns to. NaN: neither is to be seen.
   * @param start address of the function's first instruction
   */
  framePointerOf(sp: number, start: number, pc: number): number {
    const { memory } = this.#image;
    const left = epilogueDepth(memory.bytes(pc, EPILOGUE));
    const depth = left >= 0 ? left : prologueDepth(memory.bytes(start, PROLOGUE), pc - start);
    const own = sp + depth;
    if (depth >= 0 && this.#callerOf(own) !== undefined) return own;
    for (let at = sp; at < sp + SCAN && this.holds(at); at += 8)
      if (this.#callerOf(at) !== undefined && this.#calls(memory.word(at + 8), start)) return at;
    return Number.NaN;
  }

  /** Stands a direct call (E8 rel32) of the function before this return address? */
  #calls(pc: number, start: number): boolean {
    const { memory } = this.#image;
    return memory.u8(pc - 5) === 0xe8 && pc + memory.i32(pc - 4) === start;
  }

  /** The place from which the longest chain of frame pointers goes, near the top; NaN none. */
  longestChain(sp: number): number {
    const { memory } = this.#image;
    const lengths = new Map<number, number>();
    let best = Number.NaN;
    let longest = 0;
    for (let at = sp; at < sp + SCAN && this.holds(at); at += 8) {
      if (!(memory.word(at) > at)) continue;
      const length = this.#chainFrom(at, lengths);
      if (length > longest) {
        longest = length;
        best = at;
      }
    }
    return best;
  }

  /** Frame pointer of the caller; NaN where the chain ends there; undefined: no frame pointer. */
  #callerOf(fp: number): number | undefined {
    if (!this.holds(fp) || !this.holds(fp + 8)) return undefined;
    const { memory } = this.#image;
    if (!this.isCode(memory.word(fp + 8))) return undefined;
    const up = memory.word(fp);
    return up > fp && this.holds(up) ? up : Number.NaN;
  }

  #chainFrom(from: number, known: Map<number, number>): number {
    const path: number[] = [];
    let rest = 0;
    for (let at = from; path.length < LONGEST_CHAIN; ) {
      const seen = known.get(at);
      if (seen !== undefined) {
        rest = seen;
        break;
      }
      const next = this.#callerOf(at);
      if (next === undefined) break;
      path.push(at);
      at = next;
    }
    for (let index = path.length - 1; index >= 0; index--) known.set(path[index]!, ++rest);
    return rest;
  }
}
