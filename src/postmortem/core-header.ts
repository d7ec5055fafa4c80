import { fstatSync, readSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';

/** A program header of a core (elf(5)). */
export interface CoreSegment {
  /** 1 LOAD, 4 NOTE. */
  type: number;
  /** 1 executable, 2 writable, 4 readable. */
  flags: number;
  offset: Bytes;
  start: number;
  fileSize: Bytes;
  memorySize: Bytes;
}

export const LOAD = 1;
export const NOTE = 4;
export const HEADER_BYTES: Bytes = 64;

const ELF = 0x7f454c46;
const CORE = 4;
const X86_64 = 62;
const ENTRY: Bytes = 56;
/** e_phnum has 16 bits; this stands for more (elf(5), PN_XNUM). */
const MANY = 0xffff;
/** A core of a 16 GB heap has 65 000. */
const MOST_SEGMENTS = 2 ** 20;
const MACHINES: Readonly<Record<number, string>> = {
  3: '32-bit x86',
  8: 'MIPS',
  20: '32-bit PowerPC',
  21: 'PowerPC',
  22: 's390x',
  40: '32-bit ARM',
  183: 'arm64',
  243: 'RISC-V',
  258: 'LoongArch',
};
const KINDS: Readonly<Record<number, string>> = {
  1: 'an object file',
  2: 'a program',
  3: 'a program or library',
};
const ELSEWHERE = 'holter reads cores of x86-64; gdb or lldb of that machine read this one';

/**
 * Refuses what is no core of x86-64 Linux, by its first 64 bytes; each kind with what to do instead.
 * @throws HolterError E_FILE_FORMAT; E_FILE_TRUNCATED: empty, or cut in its header
 */
export function checkCoreHeader(path: string, header: Uint8Array): void {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  if (bytes.length === 0)
    throw new HolterError('E_FILE_TRUNCATED', `${path} is empty`, {
      hint: 'the disk was full, or ulimit -c was 0 when it was written: df -h; ulimit -c unlimited',
    });
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== ELF) throw notElf(path, bytes);
  if (bytes.length < HEADER_BYTES)
    throw new HolterError('E_FILE_TRUNCATED', `${path} is cut in its header: nothing can be read`, {
      hint: 'copy it again, or find out whether the disk was full when it was written',
    });
  const refuse = (what: string, hint: string) =>
    new HolterError('E_FILE_FORMAT', `${path} is ${what}`, { hint });
  const isBig = bytes[5] === 2;
  const type = isBig ? bytes.readUInt16BE(16) : bytes.readUInt16LE(16);
  const machine = isBig ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18);
  const name = MACHINES[machine] ?? `another machine (ELF number ${machine})`;
  if (type !== CORE) {
    const kind = KINDS[type] ?? 'an ELF file';
    throw refuse(
      `${kind}, not a core`,
      `of what it left behind when it died: holter core CORE --exe ${path}`,
    );
  }
  if (isBig) throw refuse(`a core of a big-endian machine: ${name}`, ELSEWHERE);
  if (bytes[4] !== 2) throw refuse(`a core of a 32-bit program: ${machine === 62 ? 'x32' : name}`, ELSEWHERE);
  if (machine !== X86_64) throw refuse(`a core of ${name}`, ELSEWHERE);
}

function notElf(path: string, bytes: Buffer): HolterError {
  const start = bytes.toString('latin1', 0, 4);
  if (start === 'MDMP')
    return new HolterError('E_FILE_FORMAT', `${path} is a minidump, not a core`, {
      hint: 'Node leaves cores, not minidumps: gcore <pid>, or ulimit -c unlimited before it starts',
    });
  if (/^\s*[{[]/.test(start))
    return new HolterError('E_FILE_FORMAT', `${path} is no core: it looks like JSON`, {
      hint: `snapshots, profiles and recordings: holter open ${path}`,
    });
  return new HolterError('E_FILE_FORMAT', `${path} is no core file`, {
    hint: 'cores are made by gcore <pid>, or by the kernel: ulimit -c unlimited',
  });
}

/**
 * Program headers of a core whose header is good. A table that is cut gives what is there; its size is bounded by
 * MOST_SEGMENTS and by the file.
 */
export function readCoreSegments(fd: number, header: Buffer): CoreSegment[] {
  if (header.readUInt16LE(54) !== ENTRY) return [];
  const at = Number(header.readBigUInt64LE(32));
  const count = Math.min(MOST_SEGMENTS, countSegments(fd, header, at));
  const table = readPart(fd, at, count * ENTRY);
  const segments: CoreSegment[] = [];
  for (let row = 0; row + ENTRY <= table.length; row += ENTRY)
    segments.push({
      type: table.readUInt32LE(row),
      flags: table.readUInt32LE(row + 4),
      offset: wordOf(table, row + 8),
      start: wordOf(table, row + 16),
      fileSize: wordOf(table, row + 32),
      memorySize: wordOf(table, row + 40),
    });
  return segments;
}

/** PN_XNUM: the real count is sh_info of the first section header, which the kernel writes last, so that cutting loses it. */
function countSegments(fd: number, header: Buffer, table: number): number {
  const count = header.readUInt16LE(56);
  if (count !== MANY) return count;
  const section = readPart(fd, Number(header.readBigUInt64LE(40)), 64);
  const told = section.length === 64 ? section.readUInt32LE(44) : 0;
  if (told >= MANY) return told;
  // The first segment is that of the notes, and they follow the table.
  const first = readPart(fd, table, ENTRY);
  if (first.length < ENTRY || first.readUInt32LE(0) !== NOTE) return count;
  const behind = Math.floor((wordOf(first, 8) - table) / ENTRY);
  return behind >= MANY ? behind : count;
}

/** Up to `length` bytes of a file; fewer at its end. Takes no more memory than the file has bytes. */
export function readPart(fd: number, offset: number, length: number): Buffer {
  if (!Number.isSafeInteger(offset) || offset < 0 || !(length > 0)) return Buffer.alloc(0);
  const there = Math.max(0, fstatSync(fd).size - offset);
  const bytes = Buffer.alloc(Math.min(length, there));
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** 64 bits as a number, exact below 2^53. */
function wordOf(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
