import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoOf, HolterError } from '../base/errors.ts';
import { PROC } from './proc-file.ts';

/**
 * Memory of another process through `/proc/PID/mem`, without stopping it. Needs the right to ptrace it: root, or the
 * same user where `kernel.yama.ptrace_scope` is 0.
 */
export class ProcessMemory {
  readonly pid: number;
  readonly #fd: number;

  /** Throws E_PERMISSION or E_NO_SUCH_PROCESS. */
  constructor(pid: number, mode: 'r' | 'r+' = 'r', proc: string = PROC) {
    this.pid = pid;
    try {
      this.#fd = openSync(`${proc}/${pid}/mem`, mode);
    } catch (error) {
      throw memoryError(pid, 'open', error);
    }
  }

  /** Bytes at an address; throws E_TARGET_EXITED when the process ended, E_FILE_TRUNCATED when nothing is mapped there. */
  read(address: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      let count: number;
      try {
        // The position must be a Number: Node ignores a BigInt one in writeSync (research/live-attach.md 1.4).
        count = readSync(this.#fd, bytes, done, length - done, address + done);
      } catch (error) {
        throw memoryError(this.pid, 'read', error);
      }
      if (count === 0) throw memoryError(this.pid, 'read', { code: 'ESRCH' });
      done += count;
    }
    return bytes;
  }

  /** Overwrites bytes at an address; errors as in read. */
  write(address: number, bytes: Uint8Array): void {
    try {
      const count = writeSync(this.#fd, bytes, 0, bytes.length, address);
      if (count !== bytes.length) throw Object.assign(new Error('short write'), { code: 'EIO' });
    } catch (error) {
      throw memoryError(this.pid, 'write', error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function memoryError(pid: number, what: 'open' | 'read' | 'write', error: unknown): HolterError {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new HolterError('E_PERMISSION', `cannot ${what} the memory of process ${pid}: not allowed`, {
      hint: 'run holter as root (sudo), or as the same user with kernel.yama.ptrace_scope = 0',
      cause: error,
    });
  }
  if (code === 'ENOENT' || code === 'ESRCH') {
    return new HolterError(
      what === 'open' ? 'E_NO_SUCH_PROCESS' : 'E_TARGET_EXITED',
      `cannot ${what} the memory of process ${pid}: it has ended`,
      { cause: error },
    );
  }
  return new HolterError(
    'E_FILE_TRUNCATED',
    `cannot ${what} the memory of process ${pid}: nothing is mapped there`,
    {
      cause: error,
    },
  );
}
