import { HolterError } from '../base/errors.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { type ListeningSocket, readListeningSockets, readSocketInodes } from '../linux/sockets.ts';

/**
 * TCP ports that `pid` itself listens on: sockets in LISTEN in its network namespace that are among its open files.
 * @throws HolterError E_PERMISSION (another user's process), E_NO_SUCH_PROCESS
 */
export function listOwnListeners(pid: number): ListeningSocket[] {
  // Open files first: a listener opened between the two readings is then seen at the next poll, never half.
  const inodes = readSocketInodes(pid);
  if (inodes !== undefined) return readListeningSockets(pid).filter(({ inode }) => inodes.has(inode));
  if (readProcessStat(pid) === undefined)
    throw new HolterError('E_NO_SUCH_PROCESS', `there is no process ${pid}`, { hint: 'holter ps' });
  throw new HolterError(
    'E_PERMISSION',
    `process ${pid} belongs to another user: its open files cannot be read`,
    {
      hint: 'run holter as the same user, or with sudo',
    },
  );
}
