/** Reads DWARF's numbers from bytes whose address is known. Throws RangeError at the end of the bytes. */
export class DwarfCursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #address: number;

  /** @param address of the first byte: pointers may be relative to where they stand */
  constructor(bytes: Uint8Array, address: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#address = address;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** Of the byte that is read next. */
  get address(): number {
    return this.#address + this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  u16(): number {
    const value = this.#view.getUint16(this.at, true);
    this.at += 2;
    return value;
  }

  u32(): number {
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  i32(): number {
    return this.u32() | 0;
  }

  u64(): number {
    const low = this.u32();
    return low + this.u32() * 2 ** 32;
  }

  /** Exact below 2^53. */
  i64(): number {
    const low = this.u32();
    return low + this.i32() * 2 ** 32;
  }

  uleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 128) return value;
      if (factor > 2 ** 63) throw new RangeError('a number without end');
    }
  }

  sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      // The sign goes into the last seven bits: the whole without it may be too long to be exact.
      if (byte < 128) return value + (byte - ((byte & 0x40) !== 0 ? 128 : 0)) * factor;
      value += (byte & 0x7f) * factor;
      if (factor > 2 ** 63) throw new RangeError('a number without end');
    }
  }

  text(): string {
    const end = this.#bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a text without end');
    const text = Buffer.from(this.#bytes.subarray(this.at, end)).toString('latin1');
    this.at = end + 1;
    return text;
  }

  /** DW_EH_PE_* (LSB §10.5): the format in the low half, absolute or relative to here in the high one. */
  pointer(encoding: number): number {
    if (encoding === 0xff) return 0;
    const here = this.address;
    const value = this.#formatted(encoding & 0x0f);
    switch (encoding & 0x70) {
      case 0:
        return value;
      case 0x10:
        return here + value;
      default:
        throw new RangeError(`unknown pointer encoding ${encoding}`);
    }
  }

  #formatted(format: number): number {
    switch (format) {
      case 0x00:
      case 0x04:
        return this.u64();
      case 0x01:
        return this.uleb();
      case 0x02:
        return this.u16();
      case 0x03:
        return this.u32();
      case 0x09:
        return this.sleb();
      case 0x0a:
        return (this.u16() << 16) >> 16;
      case 0x0b:
        return this.i32();
      case 0x0c:
        return this.i64();
      default:
        throw new RangeError(`unknown pointer format ${format}`);
    }
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Length and bytes. */
  block(): Uint8Array {
    const length = this.uleb();
    const bytes = this.#bytes.subarray(this.at, this.at + length);
    if (bytes.length < length) throw new RangeError('a block beyond the end');
    this.at += length;
    return bytes;
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.at);
  }
}
