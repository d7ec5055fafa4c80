import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NodeMajor, nodeBinary } from './target-process.ts';

export const VICTIM: string = fileURLToPath(new URL('programs/core-victim.cjs', import.meta.url));

/** Does the kernel write cores into the folder of the process here? Else a service takes them (core(5)). */
const fromKernel = !/^[|/]|\//.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim());
const hasGcore = spawnSync('gcore', ['-h']).error === undefined;

/** Without either no core can be made: tests that need one are skipped, and say so. */
export const CAN_MAKE_CORES: boolean = fromKernel || hasGcore;

/** A core of programs/core-victim.cjs: of the kernel where it can be had (a tenth of a second), else of gcore. */
export async function makeCore(node: NodeMajor, folder: string): Promise<{ path: string; died: boolean }> {
  const own = mkdtempSync(join(folder, 'made-'));
  const path = join(folder, `victim-${node}.core`);
  if (fromKernel) {
    spawnSync('/bin/sh', ['-c', 'ulimit -c unlimited; exec "$0" "$1" abort', nodeBinary(node), VICTIM], {
      cwd: own,
      stdio: 'ignore',
    });
    const [name] = readdirSync(own);
    if (name !== undefined) renameSync(join(own, name), path);
    rmSync(own, { recursive: true });
    if (name !== undefined) return { path, died: true };
  }
  const child = spawn(nodeBinary(node), [VICTIM], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', () => reject(new Error('the victim ended')));
    });
    spawnSync('gcore', ['-o', path, `${child.pid}`], { stdio: 'ignore' });
    renameSync(`${path}.${child.pid}`, path);
    return { path, died: false };
  } finally {
    child.kill('SIGKILL');
  }
}
