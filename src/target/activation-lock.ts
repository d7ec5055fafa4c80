import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, HolterError } from '../base/errors.ts';
import { readNamespace } from '../linux/namespaces.ts';

export interface ActivationLock {
  release(): Promise<void>;
}

/**
 * One activation at a time per network namespace: two processes signalled together would both want port 9229, and the
 * loser prints an error. A file made with O_EXCL that holds our pid; one whose maker is dead, or that is older than any
 * activation can be, is taken over. A machine where it cannot be made goes without: the lock is a courtesy, not a need.
 * @throws HolterError E_INTERRUPTED
 */
export async function lockActivation(pid: number, signal?: AbortSignal): Promise<ActivationLock> {
  const path = lockPath(pid);
  const folder = dirname(path);
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return { release: () => rm(path, { force: true }).catch(() => {}) };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || performance.now() > deadline) return { release: async () => {} };
    }
    if (signal?.aborted)
      throw new HolterError('E_INTERRUPTED', 'interrupted while waiting for another holter');
    if (await isStale(path)) await rm(path, { force: true });
    else await sleep(15);
  }
}

/** Is another holter opening an inspector in the network of `pid` at this moment? */
export function isActivating(pid: number): boolean {
  try {
    process.kill(Number(readFileSync(lockPath(pid), 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

function lockPath(pid: number): string {
  const network = (readNamespace(pid, 'net') ?? 'net').replace(/\D/g, '');
  return join(tmpdir(), `holter-${process.getuid?.() ?? 0}`, `attach-${network}.lock`);
}

async function isStale(path: string): Promise<boolean> {
  try {
    const owner = Number(await readFile(path, 'utf8'));
    if (Date.now() - (await stat(path)).mtimeMs > 15_000) return true;
    if (!Number.isInteger(owner) || owner <= 0) return false;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ESRCH' || errnoOf(error) === 'ENOENT';
  }
}
