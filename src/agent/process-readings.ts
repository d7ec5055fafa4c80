import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the worker reads of its own process from /proc; NaN where there is none. Synchronous: the pool is the program's. */

/** CPU of the main thread so far, seconds, and how long it waited for a CPU. */
export function readMainThread(): { cpuSeconds: number; waitSeconds: number } {
  const text = read(`/proc/self/task/${process.pid}/schedstat`);
  const [run = Number.NaN, wait = Number.NaN] = text === '' ? [] : text.split(' ').map(Number);
  return { cpuSeconds: run / 1e9, waitSeconds: wait / 1e9 };
}

/** Where the main thread is in the kernel. */
export function readNativeState(): { state: string; waitsIn: string } {
  const stat = read(`/proc/self/task/${process.pid}/stat`);
  return {
    state: stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3),
    waitsIn: read(`/proc/self/task/${process.pid}/wchan`).replace(/^0$/, ''),
  };
}

export function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
}

/** Identity of this boot, '' where unknown. */
export function readBootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim();
}

export interface MemoryGroup {
  folder: string;
  /** Infinity when there is none. */
  limitBytes: number;
  oomKills: number;
}

/** The cgroup that limits this process's memory (v2, else v1). */
export function findMemoryGroup(): MemoryGroup | undefined {
  for (const line of read('/proc/self/cgroup').split('\n')) {
    const [, controllers, path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined) continue;
    const isV2 = controllers === '';
    if (!isV2 && !controllers.split(',').includes('memory')) continue;
    const root = isV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    // In a container the path is that of the host or '/': the mount's own root is the group then.
    for (const folder of [join(root, path), root]) {
      if (Number.isNaN(groupMemory(folder))) continue;
      const limit = Number(read(join(folder, 'memory.max')) || read(join(folder, 'memory.limit_in_bytes')));
      return {
        folder,
        limitBytes: limit > 0 && limit < 1e15 ? limit : Number.POSITIVE_INFINITY,
        oomKills: Number(
          /^oom_kill (\d+)/m.exec(
            read(join(folder, 'memory.events')) || read(join(folder, 'memory.oom_control')),
          )?.[1] ?? 0,
        ),
      };
    }
  }
  return undefined;
}

/** Bytes in use of a cgroup. */
export function groupMemory(folder: string): number {
  const text = read(join(folder, 'memory.current')) || read(join(folder, 'memory.usage_in_bytes'));
  return text === '' ? Number.NaN : Number(text);
}

/** Bytes the machine can still give. */
export function readAvailable(): number {
  const [, kilobytes] = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo')) ?? [];
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
