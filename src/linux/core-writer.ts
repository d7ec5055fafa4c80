import { ftruncateSync, read as readFile, readSync, write as writeFile, writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import type { SegmentPlan } from './core-writer-plan.ts';

/** Where everything of a core lies in its file. */
export interface CoreLayout {
  /** Header and program headers; the notes follow at once. */
  head: Buffer;
  notesAt: Bytes;
  /** Of each segment, in the order given. */
  offsets: Float64Array;
  /** Apparent; what is not written is a hole. */
  size: Bytes;
}

const EHDR = 64;
const PHDR = 56;
const SHDR = 64;
const PAGE = 4096;
/** e_phnum has 16 bits; this stands for more, told by the first section header (elf(5), PN_XNUM). */
const MANY = 0xffff;
/** Read and written at once. */
const CHUNK: Bytes = 2 ** 20;
/** Copies that go on side by side: libuv has four threads for files. */
const LANES = 4;
/** So many pages of zeroes become a hole; shorter ones are written, which is less work. */
const LEAST_HOLE = 4;
const ZEROES = new Uint8Array(PAGE);

/** ELF64 header and program headers (elf(5)) of a core of x86-64, laid out as the kernel does. */
export function layOutCore(segments: readonly SegmentPlan[], notes: Bytes): CoreLayout {
  const count = segments.length + 1;
  const isMany = count >= MANY;
  const tableEnd = EHDR + count * PHDR;
  const sectionAt = isMany ? tableEnd : 0;
  const notesAt = tableEnd + (isMany ? SHDR : 0);
  const head = Buffer.alloc(notesAt);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(4, 16);
  head.writeUInt16LE(62, 18);
  head.writeUInt32LE(1, 20);
  writeWord(head, 32, EHDR);
  writeWord(head, 40, sectionAt);
  head.writeUInt16LE(EHDR, 52);
  head.writeUInt16LE(PHDR, 54);
  head.writeUInt16LE(isMany ? MANY : count, 56);
  if (isMany) {
    head.writeUInt16LE(SHDR, 58);
    head.writeUInt16LE(1, 60);
    writeWord(head, sectionAt + 32, 1);
    head.writeUInt32LE(count, sectionAt + 44);
  }
  const offsets = new Float64Array(segments.length);
  head.writeUInt32LE(4, EHDR);
  writeWord(head, EHDR + 8, notesAt);
  writeWord(head, EHDR + 32, notes);
  writeWord(head, EHDR + 48, 4);
  let at = Math.ceil((notesAt + notes) / PAGE) * PAGE;
  for (const [index, { start, end, flags, fileSize }] of segments.entries()) {
    const row = EHDR + (index + 1) * PHDR;
    offsets[index] = at;
    head.writeUInt32LE(1, row);
    head.writeUInt32LE(flags, row + 4);
    writeWord(head, row + 8, at);
    writeWord(head, row + 16, start);
    writeWord(head, row + 32, fileSize);
    writeWord(head, row + 40, end - start);
    writeWord(head, row + 48, PAGE);
    at += fileSize;
  }
  return { head, notesAt, offsets, size: at };
}

/** What became of the memory of a process on its way into a file. */
export interface CopyResult {
  /** Written; the rest of what was read is zero. */
  writtenBytes: Bytes;
  /** Gone between plan and reading, or not for us: holes in the file. */
  unreadableBytes: Bytes;
}

export interface CopyOptions {
  /** Open for reading: `/proc/PID/mem`. */
  memory: number;
  /** Open for writing, empty. */
  file: number;
  segments: readonly SegmentPlan[];
  layout: CoreLayout;
  signal: AbortSignal;
  /** Bytes that are done; called about once per MiB. */
  onProgress?: (done: Bytes) => void;
}

/**
 * Writes header and memory; the notes are the caller's. Some copies run side by side in libuv's threads, so that reading of one goes on while another
 * writes, and this thread stays free to hear of signals.
 * @throws errors of the file system as they are (ENOSPC, EDQUOT, EIO); the reason of `signal`
 */
export async function copyMemory(options: CopyOptions): Promise<CopyResult> {
  const { segments, layout, file, signal } = options;
  signal.throwIfAborted();
  writeSync(file, layout.head, 0, layout.head.length, 0);
  ftruncateSync(file, layout.size);
  const chunks = chunksOf(segments, layout.offsets);
  const result: CopyResult = { writtenBytes: 0, unreadableBytes: 0 };
  let next = 0;
  let done = 0;
  let hasFailed = false;
  const lane = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    try {
      while (next < chunks.length && !hasFailed) {
        signal.throwIfAborted();
        const [address, length, offset] = chunks.subarray(next, next + 3) as unknown as [
          number,
          number,
          number,
        ];
        next += 3;
        const bytes = buffer.subarray(0, length);
        const count = await readSome(options.memory, bytes, address);
        if (count < length) result.unreadableBytes += readByPages(options.memory, bytes, address, count);
        for (const [from, end] of spansOf(bytes)) {
          await writeAll(file, bytes.subarray(from, end), offset + from);
          result.writtenBytes += end - from;
        }
        done += length;
        options.onProgress?.(done);
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  const failed = lanes.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return result;
}

/** Address, length and place in the file of each, one after the other. */
function chunksOf(segments: readonly SegmentPlan[], offsets: Float64Array): Float64Array {
  const chunks: number[] = [];
  for (const [index, { start, runs }] of segments.entries())
    for (const run of runs)
      for (let at = run.start; at < run.end; at += CHUNK)
        chunks.push(at, Math.min(CHUNK, run.end - at), offsets[index]! + at - start);
  return Float64Array.from(chunks);
}

/** Bytes before the first hole; 0 where nothing can be read. */
function readSome(fd: number, into: Buffer, address: number): Promise<number> {
  return new Promise((resolve) => {
    readFile(fd, into, 0, into.length, address, (error, count) => resolve(error === null ? count : 0));
  });
}

/** Reads on behind a hole, page by page, holes as zeroes; how many bytes they are. */
function readByPages(fd: number, into: Buffer, address: number, from: number): Bytes {
  let missing = 0;
  for (let at = from - (from % PAGE); at < into.length; at += PAGE) {
    let count = 0;
    try {
      count = readSync(fd, into, at, PAGE, address + at);
    } catch {
      // Nothing there.
    }
    if (count < PAGE) {
      into.fill(0, at + count, at + PAGE);
      missing += PAGE - count;
    }
  }
  return missing;
}

/** Parts of a chunk between stretches of zero pages. */
function spansOf(bytes: Buffer): [from: number, end: number][] {
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const spans: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let at = 0; at < bytes.length; at += PAGE) {
    // Most pages begin with something: comparing all of each would cost a tenth of the copy.
    if (words[at / 8] === 0 && bytes.compare(ZEROES, 0, PAGE, at, at + PAGE) === 0) continue;
    if (last !== undefined && at - last[1] < LEAST_HOLE * PAGE) last[1] = at + PAGE;
    else {
      last = [at, at + PAGE];
      spans.push(last);
    }
  }
  return spans;
}

async function writeAll(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += await new Promise<number>((resolve, reject) => {
      writeFile(fd, bytes, done, bytes.length - done, position + done, (error, count) => {
        if (error === null) resolve(count);
        else if (errnoOf(error) === 'EINTR') resolve(0);
        else reject(error);
      });
    });
}

function writeWord(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}
