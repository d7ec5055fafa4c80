/** Columns grow to at least this many values at first. */
const SMALLEST = 1024;

/** A Uint32Array over memory that workers see. Pages nobody has written to take no memory. */
export function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

export function sharedUint8(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}

/** A copy with room for `length` values. */
export function widerUint32(column: Uint32Array, length: number): Uint32Array {
  const wider = sharedUint32(length);
  wider.set(column.length > length ? column.subarray(0, length) : column);
  return wider;
}

export function widerUint8(column: Uint8Array, length: number): Uint8Array {
  const wider = sharedUint8(length);
  wider.set(column.length > length ? column.subarray(0, length) : column);
  return wider;
}

/**
 * How many rows to make room for: as many as the head of the file claims, but no more than its bytes could hold.
 * Without a known size, a part of them: columns grow.
 */
export function firstCapacity(claimed: number, fields: number, bytes: number | undefined): number {
  // A digit and a comma for each field.
  const possible = bytes === undefined ? 2 ** 20 : Math.ceil(bytes / (2 * fields));
  return Math.max(SMALLEST, Math.min(claimed, possible));
}

/** Room after `capacity` rows turned out too few: the claim if it is believable by now, else half as much again. */
export function nextCapacity(capacity: number, claimed: number, limit: number): number {
  const grown = Math.ceil(capacity * 1.5);
  return Math.min(limit, claimed > capacity && claimed < grown * 2 ? claimed : grown);
}
