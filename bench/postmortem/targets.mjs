// Programs that the benchmark starts, and how long commands take that look at them.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUSY = fileURLToPath(new URL('busy.cjs', import.meta.url));

export const nodeBinary = (major) => join(ROOT, `test/nodes/node_modules/node${major}/bin/node`);

/** busy.cjs under a version of Node, warm: its hot functions are optimised after these seconds. */
export async function startBusy(major, { depth = 0, rounds = 30_000, warmSeconds = 2 } = {}) {
  const child = fork(BUSY, [String(depth), String(rounds)], {
    execPath: nodeBinary(major),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await answerOf(child);
  await sleep(warmSeconds * 1000);
  return {
    pid: child.pid,
    async resetGap() {
      child.send('reset');
      await answerOf(child);
      // The ticker takes it up at its next tick.
      await sleep(5);
    },
    async longestGap() {
      child.send('gap');
      return (await answerOf(child)).gap;
    },
    async end() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Its next message. */
async function answerOf(child) {
  const abandon = new AbortController();
  try {
    const [answer] = await Promise.race([
      once(child, 'message', abandon),
      once(child, 'exit', abandon).then(([code, signal]) => {
        throw new Error(`the target ended with ${code ?? signal}`);
      }),
    ]);
    return answer;
  } finally {
    abandon.abort();
  }
}

/** Wall s, CPU s and peak bytes of a command as /usr/bin/time counts them, and what it printed. */
export function runCounted(command, args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'holter-bench-'));
  const counted = join(folder, 'time');
  try {
    const { status, stdout, stderr, error } = spawnSync(
      '/usr/bin/time',
      ['-q', '-f', '%U %S %e %M', '-o', counted, command, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
        timeout: 180_000,
        env: { ...process.env, DEBUGINFOD_URLS: '', ...env },
      },
    );
    if (error) throw error;
    const [user, system, wall, kilobytes] = readFileSync(counted, 'utf8').trim().split(' ').map(Number);
    return {
      status,
      stdout,
      stderr,
      wallSeconds: wall,
      cpuSeconds: user + system,
      peakRss: kilobytes * 1024,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value that a share of the others lies below; of numbers only, NaN if there are none. */
export function quantile(values, share) {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
