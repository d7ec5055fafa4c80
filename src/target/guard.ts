import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * A child of holter that outlives it. Between the signal and the bridge the inspector's port is open on our account;
 * if holter is killed in that moment (kill -9, out of memory), or leaves while the target sits in native code and will
 * open the port only later, the guard closes it. Told "done", it just goes.
 */
export interface Guard {
  /** The signal has been sent: from now on an open inspector is ours. */
  signalled(): void;
  /** Nothing of ours is open any more: the guard goes. */
  done(): void;
  /** holter goes, the port may still open: the guard stays until it has closed it (at most 10 minutes). */
  keep(): void;
}

export function startGuard(pid: number, listeners: Iterable<number>, inspectorPort: number): Guard {
  // By way of the parent folder: right from dist/target/ and from the bundled command line in dist/cli/ alike.
  const script = fileURLToPath(
    new URL(`../target/guard-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  );
  const child: ChildProcess = spawn(
    process.execPath,
    [script, String(pid), [...listeners].join(','), String(inspectorPort)],
    {
      // Its own session: Ctrl-C on the terminal must not take it along.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      // The folder of the lock must be the same one.
      env: process.env.TMPDIR === undefined ? {} : { TMPDIR: process.env.TMPDIR },
    },
  );
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as unknown as { unref?(): void })?.unref?.();
  return {
    signalled: () => void child.stdin?.write('signalled\n'),
    done: () => void child.stdin?.end('done\n'),
    keep: () => void child.stdin?.end(),
  };
}
