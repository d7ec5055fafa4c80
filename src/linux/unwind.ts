import { mappingAt } from './memory-map.ts';
import type { NativeFrame } from './native-frame.ts';
import type { ImageSymbols } from './native-symbol.ts';
import { type ProcessImage, REGISTER, type ThreadImage } from './process-image.ts';

const MOST = 20_000;
/** A search of the stack looks so far above its pointer. */
const SCAN = 16 * 1024;
/** No stack of a thread is larger. */
const LONGEST_STACK = 2 ** 30;

/**
 * Physical frames of a thread, innermost first. First version: frame pointers; where the first is not known, the longest
 * chain of frame pointers found on the stack (research/postmortem.md §3.1).
 */
export function unwind(
  image: ProcessImage,
  thread: ThreadImage,
  _symbols: ImageSymbols,
  { most = MOST }: { most?: number } = {},
): NativeFrame[] {
  const { registers } = thread;
  const pc = registers[REGISTER.rip]!;
  const sp = registers[REGISTER.rsp]!;
  if (Number.isNaN(pc)) return [];
  const stack = new StackWalk(image, sp);
  const known = registers[REGISTER.rbp]!;
  const scanned = stack.longestChain(known >= sp ? known : Number.NaN);
  const isKnown = scanned === known;
  const frames: NativeFrame[] = [
    { pc, sp, fp: Number.isNaN(scanned) ? Number.NaN : scanned, isReturnAddress: false, how: 'registers' },
  ];
  for (let fp = scanned; frames.length < most; ) {
    const next = stack.caller(fp);
    if (next === undefined) break;
    frames.push({
      pc: next.pc,
      fp: next.fp,
      sp: fp + 16,
      isReturnAddress: true,
      how: frames.length === 1 && !isKnown ? 'scan' : 'frame-pointer',
      ...(frames.length === 1 && !isKnown ? { lost: true } : {}),
    });
    fp = next.fp;
  }
  return frames;
}

class StackWalk {
  readonly #image: ProcessImage;
  readonly #sp: number;
  readonly #end: number;

  constructor(image: ProcessImage, sp: number) {
    this.#image = image;
    this.#sp = sp;
    this.#end = mappingAt(image.mappings, sp)?.end ?? sp + LONGEST_STACK;
  }

  /** Of the frame whose pointer this is: where it returns to, and with which frame pointer. */
  caller(fp: number): { pc: number; fp: number } | undefined {
    if (!(fp >= this.#sp && fp + 16 <= this.#end) || fp % 8 !== 0) return undefined;
    const pc = this.#image.memory.word(fp + 8);
    if (!this.#isCode(pc)) return undefined;
    const up = this.#image.memory.word(fp);
    return { pc, fp: up > fp && up < this.#end ? up : Number.NaN };
  }

  /** The frame pointer in the register if it leads anywhere, else that on the stack from which the longest chain goes. */
  longestChain(register: number): number {
    if (this.#length(register) > 1) return register;
    const { memory } = this.#image;
    const lengths = new Map<number, number>();
    let best = Number.NaN;
    let longest = 0;
    for (let at = this.#sp; at < Math.min(this.#sp + SCAN, this.#end - 8); at += 8) {
      const up = memory.word(at);
      if (!(up > at && up < this.#end)) continue;
      const length = this.#length(at, lengths);
      if (length > longest) {
        longest = length;
        best = at;
      }
    }
    return best;
  }

  #length(from: number, known?: Map<number, number>): number {
    const path: number[] = [];
    let rest = 0;
    for (let at = from; path.length < MOST; ) {
      const seen = known?.get(at);
      if (seen !== undefined) {
        rest = seen;
        break;
      }
      const next = this.caller(at);
      if (next === undefined) break;
      path.push(at);
      at = next.fp;
    }
    for (let i = path.length - 1; i >= 0; i--) known?.set(path[i]!, ++rest);
    return known === undefined ? path.length : rest;
  }

  #isCode(pc: number): boolean {
    const mapping = pc > 4096 ? mappingAt(this.#image.mappings, pc) : undefined;
    return mapping !== undefined && mapping.permissions[2] === 'x';
  }
}
