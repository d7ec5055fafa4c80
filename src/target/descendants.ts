import { listPids } from '../linux/proc-file.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { describeProcess } from './node-process.ts';

/**
 * Pids of the Node processes started by `pid` or by what it started (cluster workers, forks, `npm start` → `sh` → app),
 * nearest first, ascending. Reads /proc; `pid` itself is left out.
 */
export function listNodeDescendants(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const other of listPids()) {
    const parent = readProcessStat(other)?.ppid;
    if (parent === undefined) continue;
    const known = childrenOf.get(parent);
    if (known === undefined) childrenOf.set(parent, [other]);
    else known.push(other);
  }
  const found: number[] = [];
  const seen = new Set([pid]);
  let level = [pid];
  while (level.length > 0) {
    const next = level.flatMap((parent) => childrenOf.get(parent) ?? []).filter((child) => !seen.has(child));
    for (const child of next) seen.add(child);
    found.push(...next.filter((child) => describeProcess(child)?.kind === 'node').sort((a, b) => a - b));
    level = next;
  }
  return found;
}
