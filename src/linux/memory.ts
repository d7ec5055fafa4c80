/** Bytes by address: of a process, a core file, a part of a binary. Addresses are numbers (48 bits are exact). */
export interface Memory {
  /**
   * Copies what is at `address` into `into`, from its beginning on.
   * @returns bytes that could be read before the first hole; 0: nothing is there. Never throws for holes.
   */
  read(address: number, into: Uint8Array): number;
  /**
   * Where memory that may be read begins, at an address or behind it; Infinity: nowhere. Who looks through large mappings skips
   * their holes with it: damaged cores tell of mappings larger than any machine. Absent: cannot tell.
   */
  nextReadable?(address: number): number;
}

/** Holes are of whole pages of the machine. */
const SYSTEM_PAGE_BITS = 12;

/**
 * Words of a memory, read a page at a time and kept. What cannot be read is NaN (numbers) or shorter (bytes): walks over
 * memory that may be damaged ask `Number.isNaN` or compare, and never throw.
 *
 * 64-bit words are numbers: exact for addresses and small values; the halves (`low`, `high`) tell tags without loss.
 */
export class PagedMemory implements Memory {
  readonly #memory: Memory;
  readonly #pageBits: number;
  readonly #mostPages: number;
  readonly #pages: Map<number, Page> = new Map();
  #last: Page = { key: Number.NaN, address: 0, length: 0, view: new DataView(new ArrayBuffer(0)) };
  /** For what lies behind a hole in a page of ours: V8's guard pages, which cores leave out, stand right before its code. */
  #behindHoles: PagedMemory | undefined;

  /** @param pageBits 12 = pages of 4 KiB. @param mostPages kept; beyond that all are forgotten */
  constructor(memory: Memory, pageBits = 12, mostPages = 4096) {
    this.#memory = memory;
    this.#pageBits = pageBits;
    this.#mostPages = mostPages;
  }

  read(address: number, into: Uint8Array): number {
    return this.#memory.read(address, into);
  }

  /** The address itself where the memory cannot tell. */
  nextReadable(address: number): number {
    return this.#memory.nextReadable?.(address) ?? address;
  }

  u8(address: number): number {
    const page = this.#at(address);
    const offset = address - page.address;
    return offset < page.length ? page.view.getUint8(offset) : Number.NaN;
  }

  u16(address: number): number {
    const page = this.#at(address);
    const offset = address - page.address;
    if (offset + 2 <= page.length) return page.view.getUint16(offset, true);
    return this.u8(address) + this.u8(address + 1) * 256;
  }

  u32(address: number): number {
    const page = this.#at(address);
    const offset = address - page.address;
    if (offset + 4 <= page.length) return page.view.getUint32(offset, true);
    return this.u16(address) + this.u16(address + 2) * 0x1_0000;
  }

  i32(address: number): number {
    const value = this.u32(address);
    return Number.isNaN(value) ? value : value | 0;
  }

  f64(address: number): number {
    const page = this.#at(address);
    const offset = address - page.address;
    if (offset + 8 <= page.length) return page.view.getFloat64(offset, true);
    const bytes = this.bytes(address, 8);
    return bytes.length < 8
      ? Number.NaN
      : new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** Low half of a 64-bit word. */
  low(address: number): number {
    return this.u32(address);
  }

  /** High half of a 64-bit word. */
  high(address: number): number {
    return this.u32(address + 4);
  }

  /** A 64-bit word, exact below 2^53. */
  word(address: number): number {
    return this.u32(address + 4) * 0x1_0000_0000 + this.u32(address);
  }

  isReadable(address: number): boolean {
    return !Number.isNaN(this.u8(address));
  }

  /** Up to `length` bytes; fewer before a hole. A copy. */
  bytes(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.#memory.read(address, bytes));
  }

  /** Bytes before the first NUL, as Latin-1, `most` at most. */
  text(address: number, most = 256): string {
    const bytes = this.bytes(address, most);
    const end = bytes.indexOf(0);
    return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString('latin1');
  }

  /** Of a process that went on: what was read is not so any more. */
  forget(): void {
    this.#pages.clear();
    this.#behindHoles?.forget();
    this.#last = { key: Number.NaN, address: 0, length: 0, view: this.#last.view };
  }

  #at(address: number): Page {
    // Shifts are of 32 bits only.
    const key = Math.floor(address / 2 ** this.#pageBits);
    if (key === this.#last.key && address - this.#last.address < this.#last.length) return this.#last;
    let page = this.#pages.get(key);
    if (page === undefined) {
      const bytes = new Uint8Array(2 ** this.#pageBits);
      const start = key * bytes.length;
      const length = address >= 0 && address < 2 ** 53 ? this.#memory.read(start, bytes) : 0;
      page = { key, address: start, length, view: new DataView(bytes.buffer) };
      if (this.#pages.size >= this.#mostPages) this.#pages.clear();
      this.#pages.set(key, page);
    }
    this.#last = page;
    if (address - page.address < page.length || this.#pageBits <= SYSTEM_PAGE_BITS) return page;
    this.#behindHoles ??= new PagedMemory(this.#memory, SYSTEM_PAGE_BITS, this.#mostPages);
    return this.#behindHoles.#at(address);
  }
}

interface Page {
  key: number;
  address: number;
  /** Bytes that could be read from its beginning on. */
  length: number;
  view: DataView;
}
