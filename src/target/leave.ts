import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeForeignInspector, findInspector } from './leftover-inspector.ts';
import { listOwnListeners } from './own-listeners.ts';

/** What was there before holter came, for the comparison on leaving. */
export interface ActivationNotes {
  /** Inodes of the target's listeners. */
  listenersBefore: ReadonlySet<number>;
  /** The same for its Node children: a cluster primary that opens its inspector makes Node signal every worker. */
  childrenBefore: ReadonlyMap<number, ReadonlySet<number>>;
  /** Ports an inspector opened by a signal may have; the application's own are never asked. */
  inspectorPorts: (port: number) => boolean;
}

export interface Leftovers {
  verified: boolean;
  leftBehind: { what: string; command: string }[];
}

/**
 * Compares the target with `notes`: no inspector, no bridge folder. Inspectors that cluster workers opened because of
 * us are closed here. A dead target has nothing left behind.
 */
export async function verifyLeft(
  pid: number,
  notes: ActivationNotes,
  folder: string | undefined,
): Promise<Leftovers> {
  await sweepChildren(notes);
  const leftBehind: Leftovers['leftBehind'] = [];
  const isNew = (port: number, inode: number) =>
    !notes.listenersBefore.has(inode) && notes.inspectorPorts(port);
  for (let tries = 0; ; tries++) {
    const found = await findInspector(pid, isNew).catch(() => undefined);
    if (found === undefined) break;
    if (tries === 20) {
      leftBehind.push({
        what: `inspector open on ${found.host}:${found.port}`,
        command: `holter doctor ${pid}`,
      });
      break;
    }
    await closeForeignInspector(pid, found.webSocketUrl).catch(() => {});
    await sleep(25);
  }
  if (folder !== undefined) {
    const exists = () =>
      access(folder).then(
        () => true,
        () => false,
      );
    for (let tries = 0; await exists(); tries++) {
      if (tries === 80) {
        leftBehind.push({ what: `folder ${folder}`, command: `rm -r ${folder}` });
        break;
      }
      await sleep(25);
    }
  }
  return { verified: leftBehind.length === 0, leftBehind };
}

/** Closes inspectors in child processes that were not open before. */
export async function sweepChildren(notes: ActivationNotes): Promise<void> {
  await Promise.all(
    [...notes.childrenBefore].map(async ([pid, before]) => {
      const isNew = (port: number, inode: number) => !before.has(inode) && notes.inspectorPorts(port);
      const found = await findInspector(pid, isNew).catch(() => undefined);
      if (found !== undefined) await closeForeignInspector(pid, found.webSocketUrl).catch(() => {});
    }),
  );
}

/** Listeners of each process, for `childrenBefore`; processes that cannot be read are left out. */
export function noteListeners(pids: readonly number[]): Map<number, Set<number>> {
  const notes = new Map<number, Set<number>>();
  for (const pid of pids) {
    try {
      notes.set(pid, new Set(listOwnListeners(pid).map(({ inode }) => inode)));
    } catch {
      // Another user's child, or gone: Node could not have signalled it either.
    }
  }
  return notes;
}
