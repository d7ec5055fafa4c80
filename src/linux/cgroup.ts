import { dirname, join } from 'node:path';
import type { Bytes } from '../base/units.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

/** Limits of the control group a process lives in; absent fields = no such limit, or nothing to be seen. */
export interface CgroupLimits {
  memoryLimitBytes?: Bytes;
  memoryUsageBytes?: Bytes;
  /** Part of the usage the kernel gives up when memory is short: file pages not used lately (inactive_file). */
  memoryReclaimableBytes?: Bytes;
  /** CFS quota in cores: 0.5 = 50 ms in every 100 ms. */
  quotaCores?: number;
  /** The `cpu.stat` files of the group and its parents that have a quota: any of them may throttle. */
  cpuStatFiles: string[];
}

interface Mount {
  root: string;
  point: string;
  controllers: string[];
  unified: boolean;
}

/** cgroup v1 writes "no limit" as the largest multiple of the page size below 2^63. */
const NO_LIMIT_FROM = 2 ** 60;

/**
 * Reads the limits of a process' cgroup, version 2 or 1 (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst,
 * scheduler/sched-bwc.rst). The tightest limit of the group and all its parents that can be seen.
 */
export function readCgroupLimits(pid: number | 'self', proc: string = PROC): CgroupLimits {
  const membership = readTextIfAny(`${proc}/${pid}/cgroup`) ?? '';
  const mounts = parseCgroupMounts(readTextIfAny(`${proc}/self/mountinfo`) ?? '');
  const limits: CgroupLimits = { cpuStatFiles: [] };
  for (const line of membership.split('\n')) {
    const match = /^\d+:([^:]*):(.+)$/.exec(line);
    if (match === null) continue;
    const controllers = match[1]!.split(',');
    const unified = match[1] === '';
    const mount = mounts.find((candidate) => {
      return unified ? candidate.unified : controllers.some((name) => candidate.controllers.includes(name));
    });
    if (mount === undefined) continue;
    for (const folder of foldersUpwards(mount, match[2]!)) {
      if (unified) addUnified(limits, folder);
      else if (controllers.includes('memory')) addMemory(limits, folder);
      else if (controllers.includes('cpu')) addQuota(limits, folder);
    }
  }
  return limits;
}

/** Time the group was throttled since it exists, in microseconds; undefined when the file is gone. */
export function parseThrottledUs(text: string): number | undefined {
  const unified = /^throttled_usec (\d+)/m.exec(text);
  if (unified !== null) return Number(unified[1]);
  const legacy = /^throttled_time (\d+)/m.exec(text);
  return legacy === null ? undefined : Number(legacy[1]) / 1000;
}

/** Parses the cgroup lines of a `mountinfo` (proc_pid_mountinfo(5)). */
export function parseCgroupMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const fields = before?.split(' ') ?? [];
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    mounts.push({
      root: fields[3] ?? '/',
      point: (fields[4] ?? '').replace(/\\040/g, ' '),
      controllers: options.split(','),
      unified: type === 'cgroup2',
    });
  }
  return mounts;
}

/** The group's folder and its parents down to the mount point. A path outside of what is mounted stops at the top. */
function foldersUpwards(mount: Mount, path: string): string[] {
  const relative = mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  let folder = relative.includes('..') ? mount.point : join(mount.point, relative);
  const folders = [folder];
  while (folder !== mount.point && folder.startsWith(mount.point) && folders.length < 64) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function addUnified(limits: CgroupLimits, folder: string): void {
  applyMemory(
    limits,
    numberIn(`${folder}/memory.max`),
    numberIn(`${folder}/memory.current`),
    statIn(`${folder}/memory.stat`, 'inactive_file'),
  );
  const match = /^(\d+) (\d+)/.exec(readTextIfAny(`${folder}/cpu.max`) ?? '');
  if (match !== null) applyQuota(limits, Number(match[1]), Number(match[2]), `${folder}/cpu.stat`);
}

function addMemory(limits: CgroupLimits, folder: string): void {
  applyMemory(
    limits,
    numberIn(`${folder}/memory.limit_in_bytes`),
    numberIn(`${folder}/memory.usage_in_bytes`),
    statIn(`${folder}/memory.stat`, 'total_inactive_file'),
  );
}

function addQuota(limits: CgroupLimits, folder: string): void {
  const quota = numberIn(`${folder}/cpu.cfs_quota_us`);
  const period = numberIn(`${folder}/cpu.cfs_period_us`);
  if (quota !== undefined && period !== undefined) applyQuota(limits, quota, period, `${folder}/cpu.stat`);
}

function applyMemory(
  limits: CgroupLimits,
  limit: number | undefined,
  usage: number | undefined,
  reclaimable: number | undefined,
): void {
  if (limit === undefined || limit >= NO_LIMIT_FROM) return;
  if (limits.memoryLimitBytes !== undefined && limits.memoryLimitBytes <= limit) return;
  limits.memoryLimitBytes = limit;
  // The usage that counts is the one of the group with the limit.
  if (usage !== undefined) limits.memoryUsageBytes = usage;
  if (reclaimable !== undefined) limits.memoryReclaimableBytes = reclaimable;
}

function applyQuota(limits: CgroupLimits, quota: number, period: number, statFile: string): void {
  if (!(quota > 0) || !(period > 0)) return;
  limits.quotaCores = Math.min(limits.quotaCores ?? Number.POSITIVE_INFINITY, quota / period);
  limits.cpuStatFiles.push(statFile);
}

function numberIn(path: string): number | undefined {
  const text = readTextIfAny(path)?.trim();
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function statIn(path: string, key: string): number | undefined {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(readTextIfAny(path) ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}
