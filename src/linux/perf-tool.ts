import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

/** What `perf record` may do here, by whom we are and how the kernel is set up. */
export interface PerfTool {
  path: string;
  /** `perf version 6.1.192`; '' when it does not say. */
  version: string;
  /** May look into the kernel. */
  hasKernel: boolean;
  /** Why not; '' when it may. */
  whyNoKernel: string;
  /** May use tracepoints (context switches with stacks). */
  hasTracepoints: boolean;
  /** Highest rate the kernel allows, samples per second. */
  mostPerSecond: number;
}

const INSTALL =
  'apt-get install linux-perf (Debian), linux-tools-$(uname -r) (Ubuntu), dnf install perf (Fedora)';

/**
 * Finds `perf` and what it may do (Documentation/admin-guide/perf-security.rst: perf_event_paranoid).
 * @throws HolterError E_OPTIONAL_MISSING not installed, E_PERMISSION not allowed to anybody but root, E_PLATFORM
 */
export async function findPerf(proc: string = PROC): Promise<PerfTool> {
  if (process.platform !== 'linux')
    throw new HolterError('E_PLATFORM', 'perf is a tool of Linux', { hint: 'holter cpu works everywhere' });
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'perf'))
    .find(isExecutable);
  if (path === undefined)
    throw new HolterError('E_OPTIONAL_MISSING', 'perf is not installed', {
      hint: `${INSTALL}; without it: holter cpu, or holter stack --repeat`,
    });
  const isRoot = process.geteuid?.() === 0;
  const paranoid = Number(readTextIfAny(`${proc}/sys/kernel/perf_event_paranoid`) ?? '2');
  // Debian and Ubuntu know more than the kernel's own highest value, 2: nobody but root at all.
  if (!isRoot && paranoid > 2)
    throw new HolterError('E_PERMISSION', `perf is for root only here (perf_event_paranoid is ${paranoid})`, {
      hint: 'run it as root, or: sudo sysctl kernel.perf_event_paranoid=2',
    });
  const hasKernel = isRoot || paranoid < 2;
  return {
    path,
    version: await versionOf(path),
    hasKernel,
    whyNoKernel: hasKernel ? '' : `perf_event_paranoid is ${paranoid} and this is not root`,
    hasTracepoints: isRoot || paranoid < 0,
    mostPerSecond:
      Number(readTextIfAny(`${proc}/sys/kernel/perf_event_max_sample_rate`) ?? '100000') || 100_000,
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 5000 }, (error, stdout) =>
      resolve(error === null ? stdout.trim().split('\n')[0]! : ''),
    );
  });
}
