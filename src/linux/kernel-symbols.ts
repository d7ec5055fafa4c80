import { closeSync, openSync, readSync } from 'node:fs';
import { PROC } from './proc-file.ts';

/** A function of the kernel or one of its modules. */
export interface KernelSymbol {
  name: string;
  /** `[nf_tables]`, '' for the kernel itself. */
  module: string;
  /** Where it begins, the upper 16 bits left away (they are all ones). */
  start: number;
}

const NEWLINE = 10;
const SPACE = 0x20;
const TAB = 9;
/** Lists have 5 to 15 MB. */
const FIRST_BYTES = 16 * 2 ** 20;
const MOST_LIST = 256 * 2 ** 20;
const ONE_READ = 2 ** 20;
/** A function that begins further below is another's. */
const MOST_BYTES = 2 ** 20;

/**
 * The kernel's symbols as /proc/kallsyms lists them (proc(5)): address, type, name and module in a line. 120 000 to 250 000
 * lines: addresses are read byte by byte, names when they are asked for.
 */
export class KernelSymbols {
  readonly #bytes: Buffer;
  readonly #address: Float64Array;
  /** Where each line's name begins. */
  readonly #name: Uint32Array;
  #order: Uint32Array | undefined;

  /** undefined: there are no symbols, or the kernel hides their addresses (all are 0: kptr_restrict). */
  static read(bytes: Buffer): KernelSymbols | undefined {
    const symbols = new KernelSymbols(bytes);
    return symbols.#address.length === 0 ? undefined : symbols;
  }

  /** Those of the machine we run on. */
  static ofThisMachine(path: string = `${PROC}/kallsyms`): KernelSymbols | undefined {
    try {
      return KernelSymbols.read(readWhole(path));
    } catch {
      return undefined;
    }
  }

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const most = Math.ceil(bytes.length / 20);
    const address = new Float64Array(most);
    const name = new Uint32Array(most);
    let count = 0;
    let last = 0;
    let sorted = true;
    for (let at = 0; at < bytes.length && count < most; ) {
      let value = 0;
      let digits = 0;
      for (; at < bytes.length && bytes[at] !== SPACE && bytes[at] !== NEWLINE; at++, digits++) {
        const byte = bytes[at]!;
        // The upper four digits do not fit a number, and say nothing.
        if (digits >= 4) value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
      }
      const type = bytes[at + 1]! | 0x20;
      const nameAt = at + 3;
      at = bytes.indexOf(NEWLINE, at);
      at = at < 0 ? bytes.length : at + 1;
      // Text of the kernel and weak symbols; everything else is data. Zero: hidden.
      if (digits !== 16 || value === 0 || (type !== 0x74 && type !== 0x77)) continue;
      if (value < last) sorted = false;
      last = value;
      address[count] = value;
      name[count++] = nameAt;
    }
    this.#address = address.subarray(0, count);
    this.#name = name.subarray(0, count);
    if (!sorted) {
      const order = Uint32Array.from({ length: count }, (_, row) => row);
      this.#order = order.sort((a, b) => address[a]! - address[b]! || a - b);
    }
  }

  /** The function an address is in; the upper 16 bits left away. */
  at(address: number): KernelSymbol | undefined {
    const row = (index: number): number => (this.#order === undefined ? index : this.#order[index]!);
    let low = 0;
    let high = this.#address.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#address[row(middle)]! <= address) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const start = this.#address[row(low - 1)]!;
    if (address - start > MOST_BYTES) return undefined;
    let best = this.#symbol(row(low - 1), start);
    // Functions that are alike are one piece of code with several names: the shortest is the most general one.
    for (let index = low - 2; index >= 0 && this.#address[row(index)] === start; index--) {
      const other = this.#symbol(row(index), start);
      if (other.name.length < best.name.length) best = other;
    }
    return best;
  }

  /** Where a function begins, by name; the upper 16 bits left away. */
  addressOf(name: string): number | undefined {
    const wanted = Buffer.from(` ${name}\n`);
    const found = this.#bytes.indexOf(wanted);
    if (found < 0) return undefined;
    const lineAt = this.#bytes.lastIndexOf(NEWLINE, found) + 1;
    const digits = this.#bytes.toString('latin1', lineAt + 4, lineAt + 16);
    const value = Number.parseInt(digits, 16);
    return Number.isNaN(value) ? undefined : value;
  }

  #symbol(row: number, start: number): KernelSymbol {
    const at = this.#name[row]!;
    const end = this.#bytes.indexOf(NEWLINE, at);
    const text = this.#bytes.toString('latin1', at, end < 0 ? this.#bytes.length : end);
    const tab = text.indexOf(String.fromCharCode(TAB));
    return tab < 0
      ? { name: text, module: '', start }
      : { name: text.slice(0, tab), module: text.slice(tab + 1), start };
  }
}

/** Files of /proc do not say how long they are, and the kernel writes this one anew for every reader. */
function readWhole(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    let bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    let length = 0;
    for (;;) {
      if (length === bytes.length) {
        if (length >= MOST_LIST) return bytes;
        bytes = Buffer.concat([bytes], length * 2);
      }
      const count = readSync(fd, bytes, length, Math.min(ONE_READ, bytes.length - length), null);
      if (count === 0) return bytes.subarray(0, length);
      length += count;
    }
  } finally {
    closeSync(fd);
  }
}
