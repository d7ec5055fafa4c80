import type { PagedMemory } from './memory.ts';
import type { Mapping } from './memory-map.ts';

/** General registers of a thread by DWARF's order on x86-64: rax rdx rcx rbx rsi rdi rbp rsp r8 … r15 rip. NaN: not known. */
export type Registers = Float64Array;
export const REGISTER = { rbx: 3, rbp: 6, rsp: 7, rip: 16, count: 17 } as const;

/** One thread at the moment of the look. */
export interface ThreadImage {
  tid: number;
  /** comm; '' when a core does not say. */
  name: string;
  /** All known in a core; of a process only rsp and rip (the rest NaN). */
  registers: Registers;
  /** Of x86-64's thread pointer (fs), when known. */
  threadPointer?: number;
  /** The call it was in, by name; undefined: it ran in user space (or a core, which does not tell). */
  systemCall?: string;
  /** It ran, and waited for nothing, since the process was opened or continued the last time; absent: not known, a core. */
  neverSlept?: boolean;
  /** Why its registers are not known: rip and rsp are NaN then. */
  problem?: string;
}

/**
 * A process as its memory shows it at one moment: a core file (postmortem/core-file.ts) or a stopped process
 * (linux/process-stop.ts). Whoever reads stacks or objects takes one of these.
 */
export interface ProcessImage {
  readonly kind: 'core' | 'process';
  /** Path of the core file, or `process 4711`. */
  readonly name: string;
  readonly pid: number;
  readonly memory: PagedMemory;
  /** Ascending. `path` as the target saw it. Cores: of NT_FILE, and of segments that belong to no file (path ''). */
  readonly mappings: readonly Mapping[];
  /** Cores: the one that crashed first. Processes: main first. */
  readonly threads: readonly ThreadImage[];
  /** Path of the executable as the target saw it; '' unknown. */
  readonly executable: string;
  /** Where the file behind a mapping can be read by us (/proc/PID/root…, a sysroot, the path itself); undefined: not there, or another build (said in `problems`). */
  fileOf(mapping: Mapping): string | undefined;
  /** Of a core: why it died. */
  readonly crash?: { signal: number; name: string; address?: number };
  /** What is missing or doubtful, a sentence each: truncated, wrong binary, threads without registers. Grows while reading. */
  readonly problems: string[];
  close(): void;
}
