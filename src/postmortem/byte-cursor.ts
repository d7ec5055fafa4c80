/**
 * Reads V8's compact tables: bytes, and integers of variable length (7 bits a byte, low ones first, bit 7 = more follow;
 * V8: src/base/vlq.h). Past the end everything is NaN, so that damaged tables end walks instead of making them run on.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return !(this.at < this.bytes.length);
  }

  u8(): number {
    return this.bytes[this.at++] ?? Number.NaN;
  }

  /** Little-endian, `size` bytes. */
  fixed(size: number): number {
    let value = 0;
    for (let index = 0, scale = 1; index < size; index++, scale *= 256) value += this.u8() * scale;
    return value;
  }

  /** Exact below 2^53; NaN for what is longer than 64 bits can be. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1, groups = 0; groups < 10; scale *= 128, groups++) {
      const byte = this.u8();
      if (!(byte >= 128)) return value + byte * scale;
      value += (byte - 128) * scale;
    }
    return Number.NaN;
  }

  /** Bit 0 is the sign, the rest the magnitude (VLQDecode). */
  signed(): number {
    const bits = this.unsigned();
    return bits % 2 === 1 ? -((bits - 1) / 2) : bits / 2;
  }

  /** Zigzag: 0, −1, 1, −2 … as source position tables have it (V8: src/codegen/source-position-table.cc). */
  zigzag(): number {
    const bits = this.unsigned();
    return bits % 2 === 1 ? -((bits + 1) / 2) : bits / 2;
  }
}
