import type { ProcessImage, ThreadImage } from '../linux/process-image.ts';
import { REGISTER } from '../linux/process-image.ts';

export interface CoreNotes {
  pid: number;
  threads: ThreadImage[];
  files: { start: number; end: number; offset: number; path: string }[];
  /** There are more than MOST_THREADS. */
  hasMoreThreads: boolean;
  crash?: NonNullable<ProcessImage['crash']>;
}

/** Kept of a core: more are damage, and each costs a walk. */
export const MOST_THREADS = 20_000;
/** sysctl vm.max_map_count is 65 530 on most machines, some databases want a million. */
const MOST_FILES = 2 ** 20;
/** PATH_MAX. */
const LONGEST_PATH = 4096;

const PRSTATUS = 1;
const PRPSINFO = 3;
const FILES = 0x46494c45;
const SIGINFO = 0x53494749;
/** Offsets in elf_prstatus of x86-64 (linux/elfcore.h): signal, pid, registers in the order of user_regs_struct. */
const CURSIG = 12;
const PID = 32;
const REGISTERS = 112;
/** Of the thread group, in elf_prpsinfo; elf_prstatus has the thread's own. */
const GROUP = 24;
/** DWARF number of each of user_regs_struct: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs flags rsp. */
const DWARF = [15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, 16, -1, -1, 7];
const FS_BASE = 21;

const SIGNALS: Readonly<Record<number, string>> = {
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
  31: 'SIGSYS',
};

/** SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU: nobody dies of these; gcore held a living process. */
const STOPS: ReadonlySet<number> = new Set([19, 20, 21, 22]);

/** Notes of a core (elf(5), core(5)); undefined when not one thread is in them. */
export function readCoreNotes(bytes: Buffer): CoreNotes | undefined {
  const notes: CoreNotes = { pid: 0, threads: [], files: [], hasMoreThreads: false };
  let signal = 0;
  let group = 0;
  let fault: number | undefined;
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameSize = bytes.readUInt32LE(at);
    const size = bytes.readUInt32LE(at + 4);
    const type = bytes.readUInt32LE(at + 8);
    const begin = at + 12 + Math.ceil(nameSize / 4) * 4;
    const end = begin + size;
    if (end > bytes.length) break;
    const note = bytes.subarray(begin, end);
    if (type === PRSTATUS && size >= REGISTERS + 27 * 8) {
      if (notes.threads.length === 0) {
        notes.pid = note.readInt32LE(PID);
        signal = note.readInt16LE(CURSIG);
      }
      if (notes.threads.length < MOST_THREADS) notes.threads.push(readThread(note));
      else notes.hasMoreThreads = true;
    } else if (type === PRPSINFO && size >= GROUP + 4) group = note.readInt32LE(GROUP);
    else if (type === FILES) notes.files = readFiles(note);
    else if (type === SIGINFO && size >= 24) {
      signal = note.readInt32LE(0) || signal;
      // Sent by a process (Node sends its own SIGSEGV again, after a look at it) it has the sender where else the address is.
      const isOfKernel = note.readInt32LE(8) > 0;
      if (isOfKernel && [4, 7, 8, 11].includes(signal)) fault = word(note, 16);
    }
    at = begin + Math.ceil(size / 4) * 4;
  }
  if (group > 0) notes.pid = group;
  if (signal > 0 && !STOPS.has(signal))
    notes.crash = {
      signal,
      name: SIGNALS[signal] ?? `signal ${signal}`,
      ...(fault === undefined ? {} : { address: fault }),
    };
  return notes.threads.length === 0 ? undefined : notes;
}

function readThread(note: Buffer): ThreadImage {
  const registers = new Float64Array(REGISTER.count).fill(Number.NaN);
  for (const [index, number] of DWARF.entries())
    if (number >= 0) registers[number] = word(note, REGISTERS + index * 8);
  return {
    tid: note.readInt32LE(PID),
    name: '',
    registers,
    threadPointer: word(note, REGISTERS + FS_BASE * 8),
  };
}

/** Count and page size, then start, end and page offset of each, then their names. */
function readFiles(note: Buffer): CoreNotes['files'] {
  if (note.length < 16) return [];
  const count = Math.min(word(note, 0), Math.floor((note.length - 16) / 24), MOST_FILES);
  const pageSize = word(note, 8);
  const files: CoreNotes['files'] = [];
  let at = 16 + count * 24;
  for (let i = 0; i < count; i++) {
    const end = note.indexOf(0, at);
    if (end < 0) break;
    const row = 16 + i * 24;
    files.push({
      start: word(note, row),
      end: word(note, row + 8),
      offset: word(note, row + 16) * pageSize,
      path: note.toString('utf8', at, Math.min(end, at + LONGEST_PATH)),
    });
    at = end + 1;
  }
  return files;
}

function word(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
