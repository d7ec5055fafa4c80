/** Below this much unused room a column is copied to its length; above it, it is a view: copying costs more than address space. */
const COPY_BELOW = 2 ** 20;

/** A growing Int32Array. `values` is replaced when it grows: do not hold on to it across a push. */
export class IntList {
  values: Int32Array;
  length = 0;

  constructor(capacity = 64) {
    this.values = new Int32Array(Math.max(1, capacity));
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length * 2);
    this.values[this.length++] = value;
  }

  /** Makes room for `capacity` values. Room not used yet takes address space, but no memory. */
  reserve(capacity: number): void {
    if (capacity <= this.values.length) return;
    const wider = new Int32Array(capacity);
    wider.set(this.values.subarray(0, this.length));
    this.values = wider;
  }

  /** The values; may share memory with the list, and have room behind them in `.buffer`. */
  packed(): Int32Array {
    return packColumn(this.values, this.length);
  }
}

/** A growing Float64Array, like IntList. */
export class FloatList {
  values: Float64Array;
  length = 0;

  constructor(capacity = 64) {
    this.values = new Float64Array(Math.max(1, capacity));
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length * 2);
    this.values[this.length++] = value;
  }

  reserve(capacity: number): void {
    if (capacity <= this.values.length) return;
    const wider = new Float64Array(capacity);
    wider.set(this.values.subarray(0, this.length));
    this.values = wider;
  }

  packed(): Float64Array {
    return packColumn(this.values, this.length);
  }
}

/** The first `length` values: the array itself, a copy, or a view when a copy would cost much memory for little. */
export function packColumn<Column extends Int32Array | Float64Array>(values: Column, length: number): Column {
  if (length === values.length) return values;
  const room = values.byteLength;
  return (room < COPY_BELOW ? values.slice(0, length) : values.subarray(0, length)) as Column;
}
