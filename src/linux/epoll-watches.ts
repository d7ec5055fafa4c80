import { numbersIn, PROC, readFolderIfAny, readLinkIfAny, readTextIfAny } from './proc-file.ts';

/** A descriptor that epoll reports events for although the process has closed it. */
export interface ClosedWatch {
  fd: number;
  /** Of the file or socket that it was. */
  inode: number;
  /** Another process that has it open, and with that keeps it in epoll; undefined: not found. */
  holder?: { pid: number; fd: number };
}

/** Processes that are searched for who holds it. */
const MOST_PROCESSES = 2000;

/**
 * What epoll watches under numbers that are closed. The kernel takes a file out of epoll when its last descriptor goes, in
 * whichever process (epoll(7), Questions and answers, 6), and nobody can take it out by a number that is closed: when it is
 * ready, each wait returns at once, for ever.
 */
export function closedWatches(pid: number, proc: string = PROC): ClosedWatch[] {
  const base = `${proc}/${pid}`;
  const found: ClosedWatch[] = [];
  for (const fd of numbersIn(readFolderIfAny(`${base}/fd`) ?? [])) {
    if (readLinkIfAny(`${base}/fd/${fd}`) !== 'anon_inode:[eventpoll]') continue;
    const text = readTextIfAny(`${base}/fdinfo/${fd}`) ?? '';
    for (const [, watched, inode] of text.matchAll(/^tfd:\s*(\d+).*\bino:([\da-f]+)/gm)) {
      if (readLinkIfAny(`${base}/fd/${watched}`) !== undefined) continue;
      found.push({ fd: Number(watched), inode: Number.parseInt(inode!, 16) });
    }
  }
  if (found.length > 0) findHolders(pid, found, proc);
  return found;
}

function findHolders(pid: number, watches: ClosedWatch[], proc: string): void {
  // The newest first: it was inherited, mostly by a child.
  const pids = numbersIn(readFolderIfAny(proc) ?? [])
    .filter((other) => other !== pid)
    .reverse()
    .slice(0, MOST_PROCESSES);
  for (const other of pids) {
    for (const fd of numbersIn(readFolderIfAny(`${proc}/${other}/fd`) ?? [])) {
      const inode = /^(?:socket|pipe):\[(\d+)\]$/.exec(readLinkIfAny(`${proc}/${other}/fd/${fd}`) ?? '')?.[1];
      const watch = watches.find((one) => one.holder === undefined && one.inode === Number(inode));
      if (watch !== undefined) watch.holder = { pid: other, fd };
    }
    if (watches.every(({ holder }) => holder !== undefined)) return;
  }
}
