import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import { type CommandLine, readCommandLine, readEnvironment } from '../linux/command-line.ts';
import { ElfFile } from '../linux/elf.ts';
import { findSymbolAddress } from '../linux/elf-symbols.ts';
import { readExecutable } from '../linux/executable.ts';
import { readMemoryMap } from '../linux/memory-map.ts';
import { ProcessMemory } from '../linux/process-memory.ts';
import { readProcessStat, readUptimeSeconds, TICKS_PER_SECOND } from '../linux/process-stat.ts';
import { hasSignal, readProcessStatus } from '../linux/process-status.ts';
import { readRuntime } from '../linux/runtime-binary.ts';
import { isSignalThread } from '../linux/thread-role.ts';
import { listThreads } from '../linux/threads.ts';

/** SIGUSR1 on x86-64 and arm64. */
const SIGUSR1 = 10;

/** May SIGUSR1 be sent? When not, why, in a sentence for people, and what to do instead. */
export type SignalGate =
  | { safe: true }
  | {
      safe: false;
      /** `not-caught`: it would die. `blocked`: it would stay pending for ever. `ignored`: nothing would happen. */
      reason: 'not-caught' | 'blocked' | 'ignored';
      explanation: string;
      hint: string;
    };

/**
 * The check that keeps targets alive (research/live-attach.md 1.1): SIGUSR1 ends a process that does not catch it, so it
 * is sent only when `/proc/PID/status` shows it caught, not blocked, not ignored. Read again right before signalling;
 * nothing of it is cached. Cannot see an application's own SIGUSR1 handler: that looks the same as Node's.
 *
 * Throws E_NO_SUCH_PROCESS when the process has ended, E_ZOMBIE when only its exit status is left.
 */
export function checkSignalGate(pid: number, proc?: string): SignalGate {
  const status = readProcessStatus(pid, proc);
  if (status === undefined) throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`);
  if (status.state === 'Z' || status.state === 'X') {
    throw new HolterError('E_ZOMBIE', `process ${pid} has ended and waits for its parent to collect it`);
  }
  if (hasSignal(status.blocked, SIGUSR1)) return blockedGate(pid, proc);
  if (hasSignal(status.ignored, SIGUSR1)) {
    return {
      safe: false,
      reason: 'ignored',
      explanation: 'SIGUSR1 is ignored by this process, so it cannot ask Node to open its inspector',
      hint: 'use --force to start the inspector without a signal, or look from outside only',
    };
  }
  if (hasSignal(status.caught, SIGUSR1)) return { safe: true };
  return notCaughtGate(pid, proc);
}

function blockedGate(pid: number, proc: string | undefined): SignalGate {
  const options = nodeOptions(pid, proc);
  const cause = options.includes('--disable-sigusr1')
    ? 'it was started with --disable-sigusr1'
    : /--(experimental-)?permission\b/.test(options)
      ? 'it runs under the permission model (--permission) without --allow-inspector'
      : 'it was started with --disable-sigusr1, or under the permission model';
  return {
    safe: false,
    reason: 'blocked',
    explanation: `the inspector cannot be opened from outside: ${cause}`,
    hint: 'restart it without that option (or with --inspect=127.0.0.1:0); holter doctor still reads /proc',
  };
}

/** Node sets its handler within some 20–50 ms of its start; on a loaded machine it may take a second. */
const BOOTSTRAP_SECONDS = 2;

function notCaughtGate(pid: number, proc: string | undefined): SignalGate {
  const stat = readProcessStat(pid, proc);
  const age = stat === undefined ? Number.NaN : readUptimeSeconds(proc) - stat.startTicks / TICKS_PER_SECOND;
  if (age < BOOTSTRAP_SECONDS) {
    return {
      safe: false,
      reason: 'not-caught',
      explanation: 'it has only just started and does not catch SIGUSR1 yet; the signal would kill it',
      hint: 'try again in a second',
    };
  }
  return {
    safe: false,
    reason: 'not-caught',
    explanation:
      'nothing catches SIGUSR1 (the application removed the handler, or this is no ordinary Node); the signal would kill it',
    hint: 'use --force to start the inspector without a signal (needs the right to ptrace), or look from outside only',
  };
}

/** All options the process may have got, as text; '' where its arguments were overwritten and its environment is closed. */
function nodeOptions(pid: number, proc: string | undefined): string {
  const { args }: CommandLine = readCommandLine(pid, proc);
  return [...args, readEnvironment(pid, proc)?.get('NODE_OPTIONS') ?? ''].join(' ');
}

const SEMAPHORE = 'start_io_thread_semaphore';

/** Long enough for every thread to leave its futex wait, short enough not to be noticed (live-attach 1.4 used 3 ms). */
const STOPPED_MS = 3;

/** What waking the thread did to the target. */
export interface SemaphoreRaise {
  /** How long all threads of the target were stopped. */
  pauseMs: number;
}

/**
 * Opens the inspector of a Node process without a signal handler running (research/live-attach.md 1.4): Node's
 * SignalInspector thread waits on a semaphore in static memory (node/src/inspector_agent.cc); its count is raised by one
 * through `/proc/PID/mem`, and a short SIGSTOP makes the thread read it again. The inspector then opens on the port the
 * process was started with, 9229 by default; ask for it as after a signal.
 *
 * Needs the right to ptrace. Throws E_PERMISSION, E_ZOMBIE, E_NO_SUCH_PROCESS, and E_INSPECTOR_DISABLED when there is no
 * such thread or symbol (`--disable-sigusr1`, stripped binary, musl), E_SIGNAL_UNSAFE when it is stopped or being debugged.
 */
export async function raiseInspectorSemaphore(pid: number): Promise<SemaphoreRaise> {
  const status = readProcessStatus(pid);
  if (status === undefined) throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`);
  if (status.state === 'Z') throw new HolterError('E_ZOMBIE', `process ${pid} has ended`);
  // SIGCONT would set going what somebody else stopped on purpose.
  if (/[Tt]/.test(status.state) || status.tracerPid !== 0) {
    throw new HolterError(
      'E_SIGNAL_UNSAFE',
      `process ${pid} is stopped or being debugged: it is left as it is`,
      {
        hint: `continue it first: kill -CONT ${pid}`,
      },
    );
  }
  if (!listThreads(pid).some((tid) => isSignalThread(pid, tid))) {
    throw impossible(
      pid,
      'it has no thread that waits for the wish (--disable-sigusr1 or the permission model)',
    );
  }
  const address = semaphoreAddress(pid);
  const memory = new ProcessMemory(pid, 'r+');
  try {
    // glibc's sem_t, 64 bit (sysdeps/nptl/internaltypes.h): value in the low half, waiting threads in the high half.
    const value = memory.read(address, 8);
    if (value.readUInt32LE(0) > 8 || value.readUInt32LE(4) > 8)
      throw impossible(pid, 'the semaphore is not where it should be');
    const raised = Buffer.alloc(4);
    raised.writeUInt32LE(value.readUInt32LE(0) + 1);
    memory.write(address, raised);
  } finally {
    memory.close();
  }
  return { pauseMs: await nudge(pid) };
}

/** Stops and continues the process: its futex waits restart and look at the count again. */
async function nudge(pid: number): Promise<number> {
  const begun = performance.now();
  send(pid, 'SIGSTOP');
  try {
    await sleep(STOPPED_MS);
  } finally {
    send(pid, 'SIGCONT');
  }
  return performance.now() - begun;
}

function send(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ESRCH')
      throw new HolterError('E_TARGET_EXITED', `process ${pid} ended meanwhile`, { cause });
    throw new HolterError('E_PERMISSION', `cannot signal process ${pid}: not allowed`, {
      hint: 'run holter as root (sudo) or as the same user',
      cause,
    });
  }
}

function semaphoreAddress(pid: number): number {
  const executable = readExecutable(pid);
  const mappings = readMemoryMap(pid);
  if (executable === undefined || mappings === undefined) {
    throw new HolterError('E_PERMISSION', `cannot read the memory map of process ${pid}: not allowed`, {
      hint: 'run holter as root (sudo) or as the same user',
    });
  }
  if (mappings.some(({ path }) => /\/ld-musl-/.test(path)))
    throw impossible(pid, 'it runs on musl, whose semaphores differ');
  const code = readRuntime(pid, executable.openPath, executable.path).openPath || executable.openPath;
  const elf = ElfFile.open(code);
  try {
    const address = elf && findSymbolAddress(elf, SEMAPHORE);
    if (elf === undefined || address === undefined)
      throw impossible(pid, 'its binary was stripped of symbols');
    if (!elf.relocatable) return address;
    // The first LOAD segment of the file tells where the whole of it was put.
    const path = code === executable.openPath ? executable.path : undefined;
    const first = mappings.find((mapping) => {
      const file = mapping.path.replace(/ \(deleted\)$/, '');
      return mapping.offset === 0 && (path === undefined ? /\/libnode\.so/.test(file) : file === path);
    });
    const load = elf.segments.find(({ type }) => type === 1);
    if (first === undefined || load === undefined)
      throw impossible(pid, 'its program is not found in its memory');
    return first.start - (load.address - load.offset) + address;
  } finally {
    elf?.close();
  }
}

function impossible(pid: number, why: string): HolterError {
  return new HolterError(
    'E_INSPECTOR_DISABLED',
    `cannot open the inspector of process ${pid} without a signal: ${why}`,
    {
      hint: 'restart it with --inspect=127.0.0.1:0, or look from outside only',
    },
  );
}
