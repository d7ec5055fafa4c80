/** Wire types of protocol buffers (protobuf.dev/programming-guides/encoding). Groups (3, 4) are obsolete. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const HIGH = 2 ** 32;

/**
 * Walks the fields of one message in a byte array without making objects. Anything that cannot be read (a length
 * beyond the end, an unknown wire type, a varint of more than 10 bytes) ends the message: `next` answers 0 and `broken`
 * says that it was not the end. Never throws, never reads outside of [at, end).
 */
export class ProtobufCursor {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Field number and wire type of the current field. */
  field = 0;
  wire = 0;
  /** The current varint, low and high 32 bits, unsigned. */
  low = 0;
  high = 0;
  /** Bounds of the current length-delimited field. */
  from = 0;
  to = 0;
  broken = false;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Starts over on another message of the same bytes. */
  enter(at: number, end: number): void {
    this.at = at;
    this.end = end;
    this.broken = false;
  }

  /** Reads one field, its value included. Its number, or 0 at the end. */
  next(): number {
    if (this.at >= this.end) return 0;
    const start = this.at;
    if (!this.varint()) return this.#stop(start);
    this.field = this.low >>> 3;
    this.wire = this.low & 7;
    if (this.high !== 0 || this.field === 0) return this.#stop(start);
    if (this.wire === WIRE.varint) {
      if (!this.varint()) return this.#stop(start);
    } else if (this.wire === WIRE.bytes) {
      if (!this.varint() || this.high !== 0 || this.low > this.end - this.at) return this.#stop(start);
      this.from = this.at;
      this.at += this.low;
      this.to = this.at;
    } else if (this.wire === WIRE.fixed64 || this.wire === WIRE.fixed32) {
      this.at += this.wire === WIRE.fixed64 ? 8 : 4;
      if (this.at > this.end) return this.#stop(start);
    } else return this.#stop(start);
    return this.field;
  }

  /** Reads one varint into `low` and `high`. False when it is cut or too long. */
  varint(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) return false;
      const byte = bytes[at++]!;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else if (shift < 64) high |= part << (shift - 32);
      if (byte < 0x80) {
        this.at = at;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }

  /** The varint as an unsigned number; inexact above 2^53. */
  get unsigned(): number {
    return this.high === 0 ? this.low : this.high * HIGH + this.low;
  }

  /** The varint as int64; inexact beyond ±2^53. */
  get signed(): number {
    return (this.high | 0) * HIGH + this.low;
  }

  #stop(start: number): 0 {
    this.broken = true;
    this.at = start;
    return 0;
  }
}
