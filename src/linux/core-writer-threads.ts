import { PROC, readTextIfAny } from './proc-file.ts';
import { listThreads } from './threads.ts';

/** A thread of a stopped process, with all that can be known of its registers without ptrace(2). */
export interface ThreadState {
  tid: number;
  name: string;
  /** `/proc/PID/task/TID/stat`, `status`: for the numbers that a core repeats. */
  stat: string;
  status: string;
  /** By name, of those that are known. */
  registers: Partial<Record<RegisterName, bigint>>;
}

/** Registers in the order of user_regs_struct (sys/user.h of x86-64), which is that of a core. */
export const USER_REGISTERS = [
  'r15',
  'r14',
  'r13',
  'r12',
  'rbp',
  'rbx',
  'r11',
  'r10',
  'r9',
  'r8',
  'rax',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'orig_rax',
  'rip',
  'cs',
  'eflags',
  'rsp',
  'ss',
  'fs_base',
  'gs_base',
  'ds',
  'es',
  'fs',
  'gs',
] as const;
export type RegisterName = (typeof USER_REGISTERS)[number];

/** Arguments of a system call (syscall(2)). */
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'] as const;

/** Threads of a process that stands still, the main thread first. */
export function readThreadStates(pid: number): ThreadState[] {
  const tids = listThreads(pid).sort((a, b) => Number(b === pid) - Number(a === pid));
  return tids.map((tid) => {
    const read = (name: string): string => readTextIfAny(`${PROC}/${pid}/task/${tid}/${name}`) ?? '';
    return {
      tid,
      name: read('comm').replace(/\n$/, ''),
      stat: read('stat'),
      status: read('status'),
      registers: registersOf(read('syscall').trim()),
    };
  });
}

/**
 * Registers told by `/proc/PID/task/TID/syscall` (proc_pid_syscall(5)): where a thread is, and in a call its number and
 * arguments. The instruction `syscall` leaves the return address in rcx. User code of 64-bit Linux runs with these segments.
 */
export function registersOf(text: string): ThreadState['registers'] {
  const fields = text.split(/\s+/);
  if (fields.length < 3) return {};
  const value = (index: number): bigint => {
    const word = fields.at(index) ?? '';
    return /^(0x[0-9a-f]+|\d+)$/.test(word) ? BigInt(word) : 0n;
  };
  const registers: ThreadState['registers'] = {
    rsp: value(-2),
    rip: value(-1),
    cs: 0x33n,
    ss: 0x2bn,
    // Interrupts enabled, the reserved bit: all else is the business of the moment.
    eflags: 0x202n,
    gs_base: 0n,
    ds: 0n,
    es: 0n,
    fs: 0n,
    gs: 0n,
  };
  // -1: in user space; what it was doing there is not told.
  if (fields.length < 9) return { ...registers, orig_rax: 2n ** 64n - 1n };
  registers.orig_rax = value(0);
  for (const [index, name] of ARGUMENTS.entries()) registers[name] = value(index + 1);
  registers.rcx = value(-1);
  return registers;
}
