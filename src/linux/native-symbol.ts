import type { FrameRow } from './call-frame-info.ts';

/** The function of a binary that an address belongs to. */
export interface NativeSymbol {
  /** As in the file: `_ZN4node5StartEiPPc`. */
  mangled: string;
  /** For people: `node::Start(int, char**)`; the same as `mangled` for C. */
  name: string;
  /** Bytes from the beginning of the function; may lie beyond its end where symbols are sparse. */
  offset: number;
  /** Path of the binary as the target saw it. */
  file: string;
  /** False: the symbol has a size and the address lies beyond it (stripped static functions). */
  isInside: boolean;
}

/**
 * Symbols of an image by address, through file offsets (V8 maps its builtins a second time elsewhere:
 * research/postmortem.md §1). Made by `symbolsOf` (image-symbols.ts); tables are read when first asked for.
 */
export interface ImageSymbols {
  /** Undefined: no file is mapped there, the file cannot be read, or it has no symbols. */
  at(address: number): NativeSymbol | undefined;
  /** `at` for many addresses in one pass over each table; the answers are kept. */
  resolve(addresses: readonly number[]): void;
  /** Where a symbol of the executable or libnode lies in the target, by exact mangled name. */
  addressOf(mangled: string): number | undefined;
  /**
   * All symbols of executable and libnode whose mangled name begins so: name → address in the target, size, and `value`:
   * the int32 there as the file has it (undefined for .bss, which only memory has).
   */
  withPrefix(prefix: string): ReadonlyMap<string, { address: number; size: number; value?: number }>;
  /** How to unwind at an address, from `.eh_frame` of its binary; undefined: it has no entry there (JIT, V8's builtins). */
  frameRowAt(address: number): FrameRow | undefined;
  /** `libc.so.6` and the like of an address; '' for code of no file (JIT). */
  fileAt(address: number): string;
}
