import { JitCodeBook } from './jit-code-book.ts';

const MAGIC = 0x4a695444;
const HEADER = 40;
const RECORD_HEADER = 16;
const CODE_LOAD = 0;
const CODE_MOVE = 1;
const DEBUG_INFO = 2;
const CODE_CLOSE = 3;
const UNWINDING_INFO = 4;
const LOAD_FIXED = 40;

/** A jitdump read: code by address and time, the process that wrote it, and what could not be read. */
export interface JitDump {
  pid: number;
  book: JitCodeBook;
  /** Records that were taken; those passed over to find the next whole one. */
  loads: number;
  lost: number;
}

/**
 * Reads a jitdump (linux/tools/perf/Documentation/jitdump-specification.txt), version 1, little-endian. V8 14 writes DEBUG_INFO
 * records whose size is smaller than what they hold (research/perf-usdt.md §1.3): their length is computed from their
 * entries, and where a record makes no sense the next one that does is looked for.
 * @returns undefined when it is no such file
 */
export function readJitDump(bytes: Buffer): JitDump | undefined {
  if (bytes.length < HEADER || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const headerBytes = bytes.readUInt32LE(8);
  if (headerBytes < HEADER || headerBytes > 4096) return undefined;
  const book = new JitCodeBook((at) => bytes.toString('utf8', at, Math.max(at, bytes.indexOf(0, at))));
  const dump: JitDump = { pid: bytes.readUInt32LE(20), book, loads: 0, lost: 0 };
  /** Latest code by index, for moves. */
  const placed = new Map<number, { size: number; name: number }>();
  let lastTime = 0;
  for (let at = headerBytes; at + RECORD_HEADER <= bytes.length; ) {
    const size = sizeOfRecord(bytes, at, lastTime);
    if (size === undefined) {
      const next = findRecord(bytes, at + 4, lastTime);
      dump.lost++;
      if (next === undefined) break;
      at = next;
      continue;
    }
    const id = bytes.readUInt32LE(at);
    const time = u64(bytes, at + 8);
    lastTime = Math.max(lastTime, time);
    const body = at + RECORD_HEADER;
    if (id === CODE_LOAD) {
      const [start, length] = [u64(bytes, body + 16), u64(bytes, body + 24)];
      const name = body + LOAD_FIXED;
      book.add(start, length, time, name);
      placed.set(u64(bytes, body + 32), { size: length, name });
      dump.loads++;
    } else if (id === CODE_MOVE && size >= RECORD_HEADER + 48) {
      const known = placed.get(u64(bytes, body + 40));
      if (known !== undefined) book.add(u64(bytes, body + 24), known.size, time, known.name);
    }
    at += size;
  }
  return dump;
}

/** Bytes of the record at `at`; undefined: there is none. */
function sizeOfRecord(bytes: Buffer, at: number, after: number): number | undefined {
  const id = bytes.readUInt32LE(at);
  const told = bytes.readUInt32LE(at + 4);
  if (id > UNWINDING_INFO || told < RECORD_HEADER) return undefined;
  const time = u64(bytes, at + 8);
  // Clocks only go on; what lies hours away from the record before is no time.
  if (after > 0 && (time < after - 3.6e12 || time > after + 8.64e13 * 7)) return undefined;
  if (id === DEBUG_INFO) return sizeOfDebugInfo(bytes, at);
  if (id === CODE_CLOSE || id === CODE_MOVE || id === UNWINDING_INFO)
    return at + told <= bytes.length ? told : undefined;
  if (told < RECORD_HEADER + LOAD_FIXED + 1 || at + RECORD_HEADER + LOAD_FIXED >= bytes.length)
    return undefined;
  const length = u64(bytes, at + RECORD_HEADER + 24);
  const nameEnd = bytes.indexOf(0, at + RECORD_HEADER + LOAD_FIXED);
  if (nameEnd < 0) return undefined;
  const size = nameEnd + 1 + length - at;
  // Padding may follow; the code may be cut off at the end of the file, the name is there.
  return size <= told && told - size < 16 && length < 2 ** 31 ? told : undefined;
}

/** Entries are an address, a line, a discriminator and a name each: 16 bytes and the text. */
function sizeOfDebugInfo(bytes: Buffer, at: number): number | undefined {
  if (at + RECORD_HEADER + 16 > bytes.length) return undefined;
  const count = u64(bytes, at + RECORD_HEADER + 8);
  const told = bytes.readUInt32LE(at + 4);
  if (count > (bytes.length - at) / 17) return undefined;
  let end = at + RECORD_HEADER + 16;
  for (let entry = 0; entry < count; entry++) {
    const zero = bytes.indexOf(0, end + 16);
    if (end + 16 > bytes.length || zero < 0) return undefined;
    end = zero + 1;
  }
  const size = end - at;
  // Records are padded to 8; a size that is too small is V8's mistake.
  return told >= size && told - size < 16 ? told : size;
}

const LONGEST_SEARCH = 16 * 2 ** 20;

/** Where the next record that can be one begins: a load of code, whose fields check each other. */
function findRecord(bytes: Buffer, from: number, after: number): number | undefined {
  const end = Math.min(bytes.length - RECORD_HEADER - LOAD_FIXED, from + LONGEST_SEARCH);
  for (let at = from; at < end; at++) {
    if (bytes.readUInt32LE(at) !== CODE_LOAD) continue;
    const vma = u64(bytes, at + RECORD_HEADER + 8);
    if (vma === 0 || vma !== u64(bytes, at + RECORD_HEADER + 16)) continue;
    if (sizeOfRecord(bytes, at, after) !== undefined) return at;
  }
  return undefined;
}

function u64(bytes: Buffer, at: number): number {
  return at + 8 > bytes.length ? 0 : bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
