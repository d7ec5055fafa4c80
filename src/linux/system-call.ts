import { PROC, readLinkIfAny, readTextIfAny } from './proc-file.ts';
import { ProcessMemory } from './process-memory.ts';
import { pathArgument, systemCallName, takesDescriptor } from './system-calls.ts';

/** The system call a thread is in. */
export interface SystemCall {
  name: string;
  /** Raw arguments; pointers lose no bits that matter (48-bit addresses). */
  args: number[];
  /** Stack pointer in user space. */
  stackPointer: number;
}

/** Parses `/proc/PID/syscall` (proc_pid_syscall(5)): `running`, `-1 SP PC` outside a call, or number, arguments, SP, PC. */
export function parseSystemCall(text: string, architecture: string = process.arch): SystemCall | undefined {
  const fields = text.trim().split(/\s+/);
  const number = Number(fields[0]);
  if (fields.length < 9 || !(number >= 0)) return undefined;
  return {
    name: systemCallName(number, architecture),
    args: fields.slice(1, 7).map(Number),
    stackPointer: Number(fields[7]),
  };
}

/**
 * The call a thread is in; undefined while it runs, without the right to look (same as for gdb: root, or same user with
 * kernel.yama.ptrace_scope 0), or when it has ended.
 */
export function readSystemCall(pid: number, tid: number = pid, proc: string = PROC): SystemCall | undefined {
  const text = readTextIfAny(`${proc}/${pid}/task/${tid}/syscall`);
  return text === undefined ? undefined : parseSystemCall(text);
}

/** The file or socket the call waits on, by its descriptor or by the path argument; undefined when it has none. */
export function readCallFile(pid: number, call: SystemCall, proc: string = PROC): string | undefined {
  if (takesDescriptor(call.name)) return readLinkIfAny(`${proc}/${pid}/fd/${call.args[0]}`);
  const argument = pathArgument(call.name);
  const address = argument === undefined ? undefined : call.args[argument];
  if (address === undefined || address === 0) return undefined;
  let memory: ProcessMemory | undefined;
  try {
    memory = new ProcessMemory(pid, 'r', proc);
    // Not across a page: the next one may not be mapped.
    const bytes = memory.read(address, Math.min(1024, 4096 - (address % 4096)));
    const end = bytes.indexOf(0);
    return end <= 0 ? undefined : bytes.toString('utf8', 0, end);
  } catch {
    return undefined;
  } finally {
    memory?.close();
  }
}

/** Where in the kernel a thread sleeps, e.g. `do_epoll_wait`; '' while it runs or without the right to look. */
export function readWaitChannel(pid: number, tid: number = pid, proc: string = PROC): string {
  const text = readTextIfAny(`${proc}/${pid}/task/${tid}/wchan`)?.trim() ?? '';
  return text === '0' ? '' : text;
}
