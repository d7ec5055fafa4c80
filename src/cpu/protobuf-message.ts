const HIGH = 2 ** 32;

/** Bytes of one protocol buffer message under construction. Numbers are non-negative whole numbers, up to 2^53 or bigint. */
export class ProtobufMessage {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** A varint field. Zero is the default of proto3 and is left out. */
  number(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    this.#varint(field * 8);
    if (typeof value === 'number') this.#varint(value);
    else {
      const low = Number(BigInt.asUintN(28, value));
      // Four bytes of 7 bits each, told to go on, and the rest.
      if (value < 2n ** 28n) this.#varint(low);
      else {
        this.#reserve(4);
        for (let shift = 0; shift < 28; shift += 7)
          this.#bytes[this.#length++] = ((low >>> shift) & 127) | 0x80;
        this.#varint(Number(value >> 28n));
      }
    }
    return this;
  }

  /** A packed repeated varint field; nothing when empty. Zeros count here. */
  numbers(field: number, values: ArrayLike<number>): this {
    if (values.length === 0) return this;
    let size = 0;
    for (let i = 0; i < values.length; i++) size += sizeOf(values[i]!);
    this.#varint(field * 8 + 2);
    this.#varint(size);
    for (let i = 0; i < values.length; i++) this.#varint(values[i]!);
    return this;
  }

  /** A string field, also when empty: string tables begin with an empty one. */
  text(field: number, value: string): this {
    return this.#delimited(field, Buffer.from(value, 'utf8'));
  }

  /** A sub-message. */
  message(field: number, value: ProtobufMessage): this {
    return this.#delimited(field, value.finish());
  }

  /** Empties the message, for use again. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /** The bytes so far: a view that the next write may change. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #delimited(field: number, bytes: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    // Bit operations work on 32 bits only.
    while (rest >= HIGH) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
    wider.set(this.finish());
    this.#bytes = wider;
  }
}

function sizeOf(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}
