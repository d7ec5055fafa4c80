/**
 * Entry of the guard process (guard.ts). argv: pid, comma-separated inodes of listeners that were there before, the port its
 * inspector will have (0 = random).
 * Waits for the end of stdin; unless "done" came, looks for a new inspector of the target and closes it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isActivating } from './activation-lock.ts';
import { isInspectorPort } from './inspector-port.ts';
import { closeForeignInspector, findInspector } from './leftover-inspector.ts';

/** A target blocked in native code opens the port only when it comes back: wait that long for it. */
const LATE_OPEN_MS = 10 * 60_000;
/** Without a signal sent nothing can come; a signal may be under way when holter is killed. */
const GRACE_MS = 3000;

const pid = Number(process.argv[2]);
const before = new Set(
  (process.argv[3] ?? '')
    .split(',')
    .filter((inode) => inode !== '')
    .map(Number),
);

const mayBeInspector = isInspectorPort(Number(process.argv[4]));

let said = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  said += String(chunk);
});
process.stdin.on('error', () => {});
await new Promise((resolve) => process.stdin.once('close', resolve));

if (!said.includes('done')) {
  const end = Date.now() + (said.includes('signalled') ? LATE_OPEN_MS : GRACE_MS);
  for (let pause = 20; Date.now() < end; pause = Math.min(500, pause * 1.2)) {
    try {
      process.kill(pid, 0);
    } catch {
      break;
    }
    const found = await findInspector(pid, (port, inode) => mayBeInspector(port) && !before.has(inode)).catch(
      () => undefined,
    );
    // Another holter is just attaching: that port is its own, and it closes it.
    if (found !== undefined && !isActivating(pid)) {
      await closeForeignInspector(pid, found.webSocketUrl).catch(() => {});
      break;
    }
    await sleep(pause);
  }
}
process.exit(0);
