import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { readNamespace } from '../linux/namespaces.ts';
import { listPids } from '../linux/proc-file.ts';
import { readProcessStat, TICKS_PER_SECOND } from '../linux/process-stat.ts';
import { listThreads, readScheduleStat } from '../linux/threads.ts';
import { describeProcess, type NodeProcess, newListingContext, readNodeProcess } from './node-process.ts';

export interface ListOptions {
  /** How long CPU use is measured, 200 ms by default; 0 leaves it null and answers at once. */
  cpuMs?: Milliseconds;
}

/**
 * Every Node process to be seen from here, by pid: any name, any container, other users' too (with what may be known of
 * them). Other runtimes are left out. Reads /proc only; connects to nothing and signals nothing.
 * Throws E_PLATFORM anywhere but on Linux.
 */
export async function listNodeProcesses(options: ListOptions = {}): Promise<NodeProcess[]> {
  if (process.platform !== 'linux') {
    throw new HolterError('E_PLATFORM', `cannot list processes on ${process.platform}: needs Linux' /proc`, {
      hint: 'name an inspector instead: holter doctor 127.0.0.1:9229 (start the app with node --inspect)',
    });
  }
  const cpuMs = options.cpuMs ?? 200;
  const identities = listPids().flatMap((pid) => {
    const identity = describeProcess(pid);
    return identity?.kind === 'node' ? [identity] : [];
  });
  const begun = performance.now();
  const before = cpuMs > 0 ? identities.map(({ pid }) => readRunNs(pid)) : [];
  const context = newListingContext();
  const rows = identities.map((identity) => {
    return readNodeProcess(identity, readNamespace(identity.pid, 'net') ?? `of ${identity.pid}`, context);
  });
  if (cpuMs > 0) {
    // The rows took part of the time; the rest is waited for.
    await sleep(Math.max(0, cpuMs - (performance.now() - begun)));
    const elapsedNs = (performance.now() - begun) * 1e6;
    for (const [index, row] of rows.entries()) {
      const after = row === undefined ? undefined : readRunNs(row.pid);
      const then = before[index];
      if (row === undefined || after === undefined || then === undefined) continue;
      // A thread that ended in between takes its time with it.
      row.cpuPercent = Math.max(0, (100 * (after - then)) / elapsedNs);
    }
  }
  const listed = rows.filter((row) => row !== undefined);
  markPrimaries(listed);
  return listed;
}

/** Nanoseconds of CPU of all threads: /proc/PID/stat counts in steps of 10 ms, 5 % of the time looked at. */
function readRunNs(pid: number): number | undefined {
  let sum = 0;
  let isKept = false;
  for (const tid of listThreads(pid)) {
    const times = readScheduleStat(pid, tid);
    if (times === undefined) continue;
    sum += times.runNs;
    isKept = true;
  }
  if (isKept) return sum;
  const stat = readProcessStat(pid);
  return stat === undefined ? undefined : ((stat.userTicks + stat.systemTicks) * 1e9) / TICKS_PER_SECOND;
}

function markPrimaries(rows: readonly NodeProcess[]): void {
  const parents = new Set(rows.filter(({ cluster }) => cluster === 'worker').map(({ ppid }) => ppid));
  for (const row of rows) {
    if (row.cluster === null && parents.has(row.pid)) row.cluster = 'primary';
  }
}
