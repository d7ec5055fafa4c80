import { type ThreadState, USER_REGISTERS } from './core-writer-threads.ts';
import type { Mapping } from './memory-map.ts';

/** What the notes of a core are made of, read while the process stands. */
export interface CoreFacts {
  pid: number;
  /** The main thread first. */
  threads: readonly ThreadState[];
  mappings: readonly Mapping[];
  /** `/proc/PID/auxv`, as it is. */
  auxv: Uint8Array;
  /** argv, NUL between arguments. */
  commandLine: string;
  /** Real user and group of the process. */
  uid: number;
  gid: number;
  /** What holter says of its own core: kept as JSON in a note that others pass over. */
  about: CoreOrigin;
}

/** Content of the note `HOLTER`: what no other note has a place for. */
export interface CoreOrigin {
  schema: 'holter.core-origin/1';
  /** Version of holter. */
  by: string;
  /** ISO time of the stop. */
  at: string;
  jsHeapOnly: boolean;
  threads: { tid: number; name: string; known: string[] }[];
}

/** Owner of the note with a CoreOrigin. */
export const ORIGIN_OWNER = 'HOLTER';

const PRSTATUS = 1;
const PRPSINFO = 3;
/** "HOLT": of no other owner, for readers that look at types alone. */
const ORIGIN = 0x484f4c54;
const AUXV = 6;
const FILES = 0x46494c45;
const SIGINFO = 0x53494749;
const PAGE = 4096;
const SIGSTOP = 19;
/** sizeof and offsets of linux/elfcore.h on x86-64. */
const PRSTATUS_BYTES = 336;
const PRPSINFO_BYTES = 136;
const REGISTERS = 112;
const TICKS_PER_SECOND = 100;

/** Notes and where the registers of each thread lie in them, in the order of `threads`. */
export interface BuiltNotes {
  bytes: Buffer;
  registersAt: number[];
}

/** Notes of a core as the kernel orders them: the first thread, the process, then the other threads. */
export function buildCoreNotes(facts: CoreFacts): BuiltNotes {
  const pieces: Buffer[] = [];
  const registersAt: number[] = [];
  let length = 0;
  const add = (type: number, content: Uint8Array, owner = 'CORE'): void => {
    const name = Buffer.from(`${owner}\0`);
    const header = Buffer.alloc(12);
    header.writeUInt32LE(name.length, 0);
    header.writeUInt32LE(content.length, 4);
    header.writeUInt32LE(type, 8);
    const padding = (bytes: number): Buffer => Buffer.alloc(-bytes & 3);
    const note = Buffer.concat([header, name, padding(name.length), content, padding(content.length)]);
    if (type === PRSTATUS) registersAt.push(length + note.length - PRSTATUS_BYTES + REGISTERS);
    pieces.push(note);
    length += note.length;
  };
  for (const [index, thread] of facts.threads.entries()) {
    add(PRSTATUS, buildStatus(thread));
    if (index > 0) continue;
    add(PRPSINFO, buildProcess(facts, thread));
    add(SIGINFO, buildSignal());
    add(AUXV, facts.auxv);
    add(FILES, buildFiles(facts.mappings));
  }
  add(ORIGIN, Buffer.from(JSON.stringify(facts.about)), ORIGIN_OWNER);
  return { bytes: Buffer.concat(pieces), registersAt };
}

/** struct elf_prstatus. */
function buildStatus({ tid, stat, status, registers }: ThreadState): Buffer {
  const bytes = Buffer.alloc(PRSTATUS_BYTES);
  const field = statFields(stat);
  bytes.writeInt32LE(SIGSTOP, 0);
  bytes.writeInt16LE(SIGSTOP, 12);
  bytes.writeBigUInt64LE(mask(status, 'SigPnd'), 16);
  bytes.writeBigUInt64LE(mask(status, 'SigBlk'), 24);
  for (const [index, value] of [tid, field(4), field(5), field(6)].entries())
    bytes.writeInt32LE(value | 0, 32 + index * 4);
  for (const [index, number] of [14, 15, 16, 17].entries()) {
    const ticks = Math.max(0, field(number) || 0);
    bytes.writeBigInt64LE(BigInt(Math.floor(ticks / TICKS_PER_SECOND)), 48 + index * 16);
    bytes.writeBigInt64LE(BigInt((ticks % TICKS_PER_SECOND) * (1e6 / TICKS_PER_SECOND)), 56 + index * 16);
  }
  for (const [index, name] of USER_REGISTERS.entries())
    bytes.writeBigUInt64LE(registers[name] ?? 0n, REGISTERS + index * 8);
  return bytes;
}

/** struct elf_prpsinfo. */
function buildProcess({ pid, commandLine, uid, gid }: CoreFacts, main: ThreadState): Buffer {
  const bytes = Buffer.alloc(PRPSINFO_BYTES);
  const field = statFields(main.stat);
  // pr_state counts from running; T is the fourth in the kernel's "RSDTZW".
  bytes[0] = 3;
  bytes.write('T', 1, 'latin1');
  bytes.writeInt8(Math.max(-128, Math.min(127, field(19) || 0)), 3);
  bytes.writeUInt32LE(uid >>> 0, 16);
  bytes.writeUInt32LE(gid >>> 0, 20);
  for (const [index, value] of [pid, field(4), field(5), field(6)].entries())
    bytes.writeInt32LE(value | 0, 24 + index * 4);
  bytes.write(main.name.slice(0, 15), 40, 15);
  bytes.write(commandLine.replace(/\0+$/, '').replaceAll('\0', ' '), 56, 79);
  return bytes;
}

/** siginfo_t: sent by a process (SI_USER), by us. */
function buildSignal(): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.writeInt32LE(SIGSTOP, 0);
  bytes.writeInt32LE(process.pid, 16);
  bytes.writeInt32LE(process.getuid?.() ?? 0, 20);
  return bytes;
}

/** NT_FILE: count, page size, then start, end and offset in pages of each, then their names. */
function buildFiles(mappings: readonly Mapping[]): Buffer {
  const files = mappings.filter(({ path }) => path.startsWith('/'));
  const table = Buffer.alloc(16 + files.length * 24);
  table.writeBigUInt64LE(BigInt(files.length), 0);
  table.writeBigUInt64LE(BigInt(PAGE), 8);
  for (const [index, { start, end, offset }] of files.entries())
    for (const [column, value] of [start, end, offset / PAGE].entries())
      table.writeBigUInt64LE(BigInt(value), 16 + index * 24 + column * 8);
  return Buffer.concat([table, Buffer.from(files.map(({ path }) => `${path}\0`).join(''))]);
}

/** Fields of a `stat` line by the numbers of proc_pid_stat(5); NaN what is not there. */
function statFields(stat: string): (number: number) => number {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  return (number) => Number(fields[number - 3] ?? Number.NaN);
}

function mask(status: string, key: string): bigint {
  const hex = new RegExp(`^${key}:\\s*([0-9a-f]{1,16})$`, 'm').exec(status)?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}
