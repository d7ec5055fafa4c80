import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { built } from './built.ts';
import { nodeBinary } from './target-process.ts';

const { attach } = await built<typeof import('../../src/target/attach.ts')>('target/attach.js');
const { evaluate } = await built<typeof import('../../src/cdp/evaluate.ts')>('cdp/evaluate.js');

let pid = 0;
afterEach(() => {
  if (pid > 0) process.kill(pid, 'SIGKILL');
  pid = 0;
});

/** As in a container: a network and a mount namespace of its own, with its own /tmp. Needs root, or user namespaces. */
test('a process in another network and mount namespace is attached and left', async () => {
  const binary = nodeBinary(22);
  // Its /tmp hides ours: a checkout below /tmp is reached through a second way to it.
  const [before, visible] = binary.startsWith('/tmp/')
    ? ['mount --bind /tmp /mnt;', binary.replace('/tmp/', '/mnt/')]
    : ['', binary];
  const script = `ip link set lo up; ${before} mount -t tmpfs none /tmp; exec "$0" -e "console.log(process.pid); setInterval(() => {}, 100)"`;
  const args = process.getuid?.() === 0 ? ['-n', '-m'] : ['-r', '-n', '-m'];
  const child = spawn('unshare', [...args, 'bash', '-c', script, visible], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // unshare and bash are replaced by node: the pid stays the same.
  const printed = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data)));
    child.once('exit', () => reject(new Error('the process did not start')));
  });
  pid = Number(printed);
  expect(pid).toBe(child.pid);
  const attachment = await attach(pid);
  expect(await evaluate(attachment.session, 'process.pid')).toBe(pid);
  expect((await attachment.leave()).verified).toBe(true);
  expect(child.exitCode).toBeNull();
});
