import { type ByteSource, openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';

export function isByteSource(value: object): value is ByteSource {
  return typeof (value as { read?: unknown }).read === 'function';
}

/**
 * A source over whatever a profile is handed in as; `what` names it in messages.
 * @throws HolterError E_FILE_FORMAT: an object that JSON cannot hold
 */
export function openInput(input: string | Uint8Array | ByteSource | object, what: string): ByteSource {
  if (typeof input === 'string') return openBytes(Buffer.from(input), what);
  if (input instanceof Uint8Array) return openBytes(input, what);
  if (isByteSource(input)) return input;
  try {
    return openBytes(Buffer.from(JSON.stringify(input)), what);
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${what}: the object is not JSON`, { cause });
  }
}

const NODE_FILE_NAME =
  /(?:^|[\\/])(?:CPU|Heap)\.(\d{4})(\d\d)(\d\d)\.(\d\d)(\d\d)(\d\d)\.\d+\.(\d+)\.\d+\.\w+(?:\.gz)?$/;

/**
 * Thread and time of the files that `node --cpu-prof` and `--heap-prof` name
 * `CPU.20240131.142233.4711.0.001.cpuprofile`: local date and time, pid, thread, number. Anything else: `main`.
 */
export function describeFileName(path: string): { thread: string; recordedAt?: string } {
  const parts = NODE_FILE_NAME.exec(path)?.slice(1).map(Number);
  if (parts === undefined) return { thread: 'main' };
  const [year = 0, month = 0, day = 0, hour, minute, second, thread] = parts;
  return {
    thread: thread === 0 ? 'main' : `worker ${thread}`,
    recordedAt: new Date(year, month - 1, day, hour, minute, second).toISOString(),
  };
}
