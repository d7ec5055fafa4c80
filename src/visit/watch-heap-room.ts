import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import { readCgroupLimits } from '../linux/cgroup.ts';
import { readCommandLine, readEnvironment } from '../linux/command-line.ts';
import { readMachineMemory } from '../linux/machine.ts';

export interface HeapRoom {
  /** Old generation in use, uncollected garbage included. */
  usedBytes: Bytes;
  limitBytes: Bytes;
  pausedMs: Milliseconds;
}

/** Spaces that do not count against the limit of the old generation. */
const OUTSIDE_OLD = /^(?:new|new_large_object|read_only|shared)/;

/**
 * Reads out of the memory of a process how full V8's old generation is. It stands still for some milliseconds.
 * @returns undefined when that cannot be read: no right, no x64, a V8 nobody measured, or it has ended
 */
export async function readHeapRoom(pid: number): Promise<HeapRoom | undefined> {
  if (process.arch !== 'x64') return undefined;
  const [{ LiveV8 }, { readHeapSpaces }] = await Promise.all([
    import('../postmortem/live-v8.ts'),
    import('../postmortem/heap-spaces.ts'),
  ]);
  let live: Awaited<ReturnType<typeof LiveV8.open>> | undefined;
  try {
    live = await LiveV8.open(pid);
    const { result, pausedMs, wasStopped } = await live.look((v8) => readHeapSpaces(v8));
    const main = result?.find(({ tid }) => tid === pid);
    if (main === undefined || wasStopped || !(main.limitBytes > 0)) return undefined;
    const usedBytes = main.spaces
      .filter(({ name }) => !OUTSIDE_OLD.test(name))
      .reduce((sum, space) => sum + (space.usedBytes || 0), 0);
    return { usedBytes, limitBytes: main.limitBytes, pausedMs: pausedMs ?? 0 };
  } catch (error) {
    if (error instanceof HolterError) return undefined;
    throw error;
  } finally {
    live?.close();
  }
}

/**
 * What the limit may be at least, without looking into the process: its own option, or V8's smallest default on 64 bits
 * and half of what its control group may have. While RSS is well below, the heap cannot be near its limit.
 */
export function leastHeapLimit(pid: number): Bytes {
  const words = [
    ...readCommandLine(pid).args,
    ...(readEnvironment(pid)?.get('NODE_OPTIONS') ?? '').split(/\s+/),
  ];
  const given = words
    .map((word) => /^--max[-_]old[-_]space[-_]size=(\d+)$/.exec(word)?.[1])
    .filter((value) => value !== undefined)
    .map(Number);
  if (given.length > 0) return Math.min(...given) * 2 ** 20;
  const inGroup = readCgroupLimits(pid).memoryLimitBytes ?? Number.POSITIVE_INFINITY;
  const { totalBytes } = readMachineMemory();
  return Math.min(2 * 2 ** 30, inGroup / 2, (totalBytes || Number.POSITIVE_INFINITY) / 4);
}
