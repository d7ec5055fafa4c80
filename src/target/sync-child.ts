import { readEnvironment } from '../linux/command-line.ts';
import { readTextIfAny } from '../linux/proc-file.ts';
import { readDescriptors, readListeningSockets } from '../linux/sockets.ts';
import { readSystemCall } from '../linux/system-call.ts';
import { listChildren } from '../linux/threads.ts';

/**
 * Does the main thread wait in execSync / spawnSync? It then turns a loop of libuv's own, made for the one child: it
 * waits in epoll like a process at rest, but on another epoll descriptor, one on which none of the process's listening
 * sockets is registered. Asked only when the process has a child without an IPC channel (`fork` makes those with one).
 */
export function waitsForSyncChild(pid: number): boolean {
  const call = readSystemCall(pid);
  if (call === undefined || !call.name.startsWith('epoll_')) return false;
  const children = listChildren(pid).filter((child) => !readEnvironment(child)?.has('NODE_CHANNEL_FD'));
  if (children.length === 0) return false;
  const epoll = call.args[0];
  const registered = new Set(
    [...(readTextIfAny(`/proc/${pid}/fdinfo/${epoll}`) ?? '').matchAll(/^tfd:\s*(\d+)/gm)].map(([, fd]) =>
      Number(fd),
    ),
  );
  const listening = new Set(readListeningSockets(pid).map(({ inode }) => `socket:[${inode}]`));
  const descriptors = readDescriptors(pid) ?? new Map<number, string>();
  for (const [fd, link] of descriptors) if (registered.has(fd) && listening.has(link)) return false;
  // A process at rest waits on its first loop; libuv made this one later than any other it has.
  const polls = [...descriptors].filter(([, link]) => link.includes('[eventpoll]')).map(([fd]) => fd);
  return polls.length > 1 && epoll === Math.max(...polls);
}
