import { listPids } from '../linux/proc-file.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { describeProcess } from './node-process.ts';

/** Pids of all that `pid` has started, directly or not, nearest first; `pid` itself is left out. Reads /proc. */
export function listDescendants(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const other of listPids()) {
    const parent = readProcessStat(other)?.ppid;
    if (parent === undefined) continue;
    const known = childrenOf.get(parent);
    if (known === undefined) childrenOf.set(parent, [other]);
    else known.push(other);
  }
  const found = new Set<number>();
  let level = [pid];
  while (level.length > 0) {
    level = level.flatMap((parent) => childrenOf.get(parent) ?? []).filter((child) => !found.has(child));
    level.sort((a, b) => a - b);
    for (const child of level) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/**
 * The Node processes among them: cluster workers, forks, `npm start` → `sh` → app.
 */
export function listNodeDescendants(pid: number): number[] {
  return listDescendants(pid).filter((child) => describeProcess(child)?.kind === 'node');
}
