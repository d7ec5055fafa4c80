import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';

/** Columns grow to at least this many values at first. */
const SMALLEST = 1024;

/** Smaller columns are made without asking how much memory there is. */
const ASK_FROM: Bytes = 128 * 2 ** 20;

/**
 * A Uint32Array over memory that workers see. Pages nobody has written to take no memory.
 * @throws HolterError E_TOO_LITTLE_MEMORY
 */
export function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(sharedMemory(length * 4));
}

/** @throws HolterError E_TOO_LITTLE_MEMORY */
export function sharedUint8(length: number): Uint8Array {
  return new Uint8Array(sharedMemory(length));
}

/** Told beforehand: the kernel gives address space freely, and kills the process that uses it. */
function sharedMemory(size: Bytes): SharedArrayBuffer {
  // Node 20.13 on; knows of cgroup limits.
  const available = size < ASK_FROM ? undefined : process.availableMemory?.();
  if (available === undefined || size <= available) {
    try {
      return new SharedArrayBuffer(size);
    } catch {
      // RangeError: allocation failed.
    }
  }
  const mb = (bytes: Bytes): string => `${Math.round(bytes / 2 ** 20)} MB`;
  throw new HolterError(
    'E_TOO_LITTLE_MEMORY',
    `a column of the heap needs ${mb(size)}${available === undefined ? '' : `, ${mb(available)} are free`}`,
    { hint: 'copy the snapshot to a machine with more memory; reading takes about its size' },
  );
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
