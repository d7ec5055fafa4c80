import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import { readCgroupLimits } from '../linux/cgroup.ts';
import { readCommandLine } from '../linux/command-line.ts';
import { readWorkingDirectory } from '../linux/executable.ts';
import { startedAtOf } from '../linux/process-stat.ts';
import { readProcessStatus } from '../linux/process-status.ts';
import { describeProcess, newListingContext, readNodeProcess } from './node-process.ts';

/**
 * What /proc tells of a process before anything touches it. Throws E_NO_SUCH_PROCESS when it has ended.
 */
export function readTargetInfo(pid: number): TargetInfo {
  const identity = describeProcess(pid);
  const status = readProcessStatus(pid);
  const row = identity && readNodeProcess(identity, 'only', newListingContext());
  if (identity === undefined || status === undefined || row === undefined) {
    throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`, { hint: 'holter ps' });
  }
  const limits = readCgroupLimits(pid);
  return {
    pid,
    name: row.name,
    node: row.node ?? '',
    v8: '',
    command: readCommandLine(pid).args.join(' '),
    cwd: readWorkingDirectory(pid),
    startedAt: startedAtOf(identity.stat),
    threads: status.threads,
    cores: Math.min(status.allowedCpus || 1, limits.quotaCores ?? Number.POSITIVE_INFINITY),
    ...(limits.memoryLimitBytes === undefined ? {} : { memoryLimitBytes: limits.memoryLimitBytes }),
  };
}
