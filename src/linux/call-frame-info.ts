import { DwarfCursor } from './dwarf-cursor.ts';
import type { ElfFile } from './elf.ts';

/** How the caller's value of a register, or the CFA, is found (DWARF 5, §6.4.1). */
export type FrameRule =
  | { kind: 'same' | 'undefined' }
  /** CFA: register + offset. Register: saved at CFA + offset. `value`: CFA + offset itself. */
  | { kind: 'offset' | 'value'; offset: number }
  | { kind: 'register'; register: number; offset: number }
  /** DWARF expression; the saved address, or the value itself. */
  | { kind: 'expression' | 'value-expression'; bytes: Uint8Array };

/** Rules for one instruction. */
export interface FrameRow {
  cfa: FrameRule;
  /** By DWARF number. */
  registers: ReadonlyMap<number, FrameRule>;
  returnRegister: number;
  /** The frame of a signal handler: its caller stands at the instruction itself, not behind a call. */
  isSignalFrame: boolean;
}

const HEADER_SEGMENT = 0x6474e550;
/** Binary search table of pairs of 4 bytes, relative to the header (what all linkers write). */
const DATAREL_SDATA4 = 0x3b;
const LONGEST_ENTRY = 1 << 20;
const MOST_STATES = 64;
/** x86-64 has numbers up to 145 (its ABI, figure 3.36); each remembered state copies the rules of all. */
const MOST_REGISTERS = 160;

interface CommonInfo {
  codeAlign: number;
  dataAlign: number;
  returnRegister: number;
  pointerEncoding: number;
  hasAugmentation: boolean;
  isSignalFrame: boolean;
  instructions: Uint8Array;
}

/**
 * `.eh_frame` of a binary: how to get from a frame to its caller's, for code without frame pointers (System V ABI for
 * x86-64 §3.6, LSB §10.6). Found by the table of `.eh_frame_hdr`; nothing is read before it is asked for.
 */
export class CallFrameInfo {
  readonly #elf: ElfFile;
  readonly #common: Map<number, CommonInfo | undefined> = new Map();
  #table: { words: Int32Array; address: number } | undefined;

  private constructor(elf: ElfFile, table: { words: Int32Array; address: number }) {
    this.#elf = elf;
    this.#table = table;
  }

  /** Undefined: the binary has no such table. */
  static open(elf: ElfFile): CallFrameInfo | undefined {
    const segment = elf.segments.find(({ type }) => type === HEADER_SEGMENT);
    if (segment === undefined) return undefined;
    const head = elf.read(segment.offset, 12);
    if (head.length < 12 || head[0] !== 1 || head[3] !== DATAREL_SDATA4) return undefined;
    // The count is udata4 behind a pointer of 4 bytes, in all that ld, gold, lld and mold write.
    const count = Math.min(head.readUInt32LE(8), Math.floor((segment.fileSize - 12) / 8));
    const bytes = elf.read(segment.offset + 12, count * 8);
    const words = new Int32Array(Math.floor(bytes.length / 8) * 2);
    Buffer.from(words.buffer).set(bytes.subarray(0, words.byteLength));
    return new CallFrameInfo(elf, { words, address: segment.address });
  }

  /** Rules at an address of the file; undefined: no entry covers it, or it cannot be understood. */
  rowAt(address: number): FrameRow | undefined {
    const entry = this.#entryFor(address);
    if (entry === undefined) return undefined;
    try {
      return this.#readEntry(entry, address);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #entryFor(address: number): number | undefined {
    const { words, address: base } = this.#table!;
    const wanted = address - base;
    let low = 0;
    let high = words.length / 2 - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (words[middle * 2]! <= wanted) low = middle + 1;
      else high = middle - 1;
    }
    return high < 0 ? undefined : base + words[high * 2 + 1]!;
  }

  #readEntry(entry: number, address: number): FrameRow | undefined {
    const cursor = this.#entry(entry);
    if (cursor === undefined) return undefined;
    const at = cursor.address;
    const back = cursor.u32();
    const common = this.#commonAt(at - back);
    if (back === 0 || common === undefined) return undefined;
    const begin = cursor.pointer(common.pointerEncoding);
    const length = cursor.pointer(common.pointerEncoding & 0x0f);
    if (!(address >= begin && address < begin + length)) return undefined;
    if (common.hasAugmentation) cursor.skip(cursor.uleb());
    const rows = new RowMachine(common);
    rows.run(new DwarfCursor(common.instructions, 0), Number.POSITIVE_INFINITY, 0);
    rows.remember();
    rows.run(cursor, address, begin);
    return rows.row;
  }

  #commonAt(entry: number): CommonInfo | undefined {
    if (!this.#common.has(entry)) this.#common.set(entry, this.#readCommon(entry));
    return this.#common.get(entry);
  }

  #readCommon(entry: number): CommonInfo | undefined {
    const cursor = this.#entry(entry);
    if (cursor === undefined || cursor.u32() !== 0) return undefined;
    const version = cursor.u8();
    const augmentation = cursor.text();
    // The old C++ ABI of GCC 2.
    if (augmentation.startsWith('eh')) cursor.skip(8);
    const codeAlign = cursor.uleb();
    const dataAlign = cursor.sleb();
    const returnRegister = version === 1 ? cursor.u8() : cursor.uleb();
    let pointerEncoding = 0;
    if (augmentation.startsWith('z')) {
      const size = cursor.uleb();
      const end = cursor.at + size;
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') pointerEncoding = cursor.u8();
        else if (letter === 'L') cursor.u8();
        else if (letter === 'P') cursor.pointer(cursor.u8());
        else if (letter !== 'S' && letter !== 'B') break;
      }
      cursor.at = end;
    }
    return {
      codeAlign,
      dataAlign,
      returnRegister,
      pointerEncoding,
      hasAugmentation: augmentation.startsWith('z'),
      isSignalFrame: augmentation.includes('S'),
      instructions: cursor.rest(),
    };
  }

  /** Behind the length of an entry at an address of the file. */
  #entry(address: number): DwarfCursor | undefined {
    const segment = this.#elf.segments.find(
      (each) => each.type === 1 && address >= each.address && address < each.address + each.fileSize,
    );
    if (segment === undefined) return undefined;
    const offset = address - segment.address + segment.offset;
    const head = this.#elf.read(offset, 4);
    const length = head.length === 4 ? head.readUInt32LE(0) : 0;
    if (length === 0 || length > LONGEST_ENTRY) return undefined;
    return new DwarfCursor(this.#elf.read(offset + 4, length), address + 4);
  }
}

/** Runs call frame instructions (DWARF 5, §6.4.2). */
class RowMachine {
  readonly #common: CommonInfo;
  #cfa: FrameRule = { kind: 'undefined' };
  #registers: Map<number, FrameRule> = new Map();
  #initial: Map<number, FrameRule> = new Map();
  readonly #states: { cfa: FrameRule; registers: Map<number, FrameRule> }[] = [];

  constructor(common: CommonInfo) {
    this.#common = common;
  }

  get row(): FrameRow {
    const { returnRegister, isSignalFrame } = this.#common;
    return { cfa: this.#cfa, registers: this.#registers, returnRegister, isSignalFrame };
  }

  /** What `restore` goes back to. */
  remember(): void {
    this.#initial = new Map(this.#registers);
  }

  /** Until the row of `address`. */
  run(cursor: DwarfCursor, address: number, begin: number): void {
    const { codeAlign, dataAlign, pointerEncoding } = this.#common;
    let at = begin;
    while (!cursor.isAtEnd) {
      const byte = cursor.u8();
      const operand = byte & 0x3f;
      let step = 0;
      switch (byte & 0xc0) {
        case 0x40:
          step = operand * codeAlign;
          break;
        case 0x80:
          this.#saved(operand, cursor.uleb() * dataAlign);
          continue;
        case 0xc0:
          this.#restore(operand);
          continue;
        default:
          switch (operand) {
            case 0x01:
              step = cursor.pointer(pointerEncoding) - at;
              break;
            case 0x02:
              step = cursor.u8() * codeAlign;
              break;
            case 0x03:
              step = cursor.u16() * codeAlign;
              break;
            case 0x04:
              step = cursor.u32() * codeAlign;
              break;
            default:
              this.#set(operand, cursor, dataAlign);
              continue;
          }
      }
      at += step;
      if (at > address) return;
    }
  }

  #set(code: number, cursor: DwarfCursor, dataAlign: number): void {
    switch (code) {
      case 0x00:
        return;
      case 0x05:
        this.#saved(cursor.uleb(), cursor.uleb() * dataAlign);
        return;
      case 0x06:
        this.#restore(cursor.uleb());
        return;
      case 0x07:
        this.#put(cursor.uleb(), { kind: 'undefined' });
        return;
      case 0x08:
        this.#put(cursor.uleb(), { kind: 'same' });
        return;
      case 0x09:
        this.#put(cursor.uleb(), { kind: 'register', register: cursor.uleb(), offset: 0 });
        return;
      case 0x0a:
        if (this.#states.length >= MOST_STATES) throw new RangeError('too many states');
        this.#states.push({ cfa: this.#cfa, registers: new Map(this.#registers) });
        return;
      case 0x0b: {
        const state = this.#states.pop();
        if (state === undefined) throw new RangeError('no state');
        this.#cfa = state.cfa;
        this.#registers = state.registers;
        return;
      }
      case 0x0c:
        this.#cfa = { kind: 'register', register: cursor.uleb(), offset: cursor.uleb() };
        return;
      case 0x0d:
        this.#cfa = { kind: 'register', register: cursor.uleb(), offset: this.#cfaOffset() };
        return;
      case 0x0e:
        this.#cfa = { kind: 'register', register: this.#cfaRegister(), offset: cursor.uleb() };
        return;
      case 0x0f:
        this.#cfa = { kind: 'value-expression', bytes: cursor.block() };
        return;
      case 0x10:
        this.#put(cursor.uleb(), { kind: 'expression', bytes: cursor.block() });
        return;
      case 0x11:
        this.#saved(cursor.uleb(), cursor.sleb() * dataAlign);
        return;
      case 0x12:
        this.#cfa = { kind: 'register', register: cursor.uleb(), offset: cursor.sleb() * dataAlign };
        return;
      case 0x13:
        this.#cfa = { kind: 'register', register: this.#cfaRegister(), offset: cursor.sleb() * dataAlign };
        return;
      case 0x14:
        this.#put(cursor.uleb(), { kind: 'value', offset: cursor.uleb() * dataAlign });
        return;
      case 0x15:
        this.#put(cursor.uleb(), { kind: 'value', offset: cursor.sleb() * dataAlign });
        return;
      case 0x16:
        this.#put(cursor.uleb(), { kind: 'value-expression', bytes: cursor.block() });
        return;
      // GNU: size of the arguments on the stack; an offset of the other sign.
      case 0x2e:
        cursor.uleb();
        return;
      case 0x2f:
        this.#saved(cursor.uleb(), -cursor.uleb() * dataAlign);
        return;
      default:
        throw new RangeError(`unknown call frame instruction ${code}`);
    }
  }

  #saved(register: number, offset: number): void {
    this.#put(register, { kind: 'offset', offset });
  }

  #put(register: number, rule: FrameRule): void {
    if (register >= MOST_REGISTERS) throw new RangeError(`no such register ${register}`);
    this.#registers.set(register, rule);
  }

  #restore(register: number): void {
    const rule = this.#initial.get(register);
    if (rule === undefined) this.#registers.delete(register);
    else this.#registers.set(register, rule);
  }

  #cfaRegister(): number {
    if (this.#cfa.kind !== 'register') throw new RangeError('no register to keep');
    return this.#cfa.register;
  }

  #cfaOffset(): number {
    if (this.#cfa.kind !== 'register') throw new RangeError('no offset to keep');
    return this.#cfa.offset;
  }
}
