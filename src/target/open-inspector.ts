import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, HolterError } from '../base/errors.ts';
import { readCommandLine, readEnvironment } from '../linux/command-line.ts';
import { listPids } from '../linux/proc-file.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { readProcessStatus } from '../linux/process-status.ts';
import { readListeningSockets } from '../linux/sockets.ts';
import { readSystemCall } from '../linux/system-call.ts';
import { listChildren } from '../linux/threads.ts';
import { lockActivation } from './activation-lock.ts';
import { checkSignalGate, raiseInspectorSemaphore } from './gate.ts';
import { type Guard, startGuard } from './guard.ts';
import { isInspectorPort } from './inspector-port.ts';
import { type ActivationNotes, noteListeners } from './leave.ts';
import { type FoundInspector, findInspector } from './leftover-inspector.ts';
import { asksForInspector, inspectorPort, parseNodeArguments } from './node-arguments.ts';
import { listOwnListeners } from './own-listeners.ts';
import { waitsForSyncChild } from './sync-child.ts';

export interface OpenOptions {
  /** Wait so long for the port: a target in a long native call opens it only afterwards. Default 4000. */
  timeoutMs?: number;
  /** Where SIGUSR1 is the application's own or no longer caught, wake Node's inspector thread through memory. */
  force?: boolean;
  /** Ctrl-C. */
  signal?: AbortSignal;
}

export interface OpenedInspector extends FoundInspector {
  /** We had it opened: close it. */
  ours: boolean;
  /** In words, for the list of acts. */
  how: string;
  /** performance.now() when it was first seen open. */
  openedAt: number;
  notes: ActivationNotes;
  guard: Guard | undefined;
  /** Lets the next holter on this machine open one: call when the port is closed again. */
  release(): Promise<void>;
}

/**
 * Finds the inspector of `pid`, or has Node open it: by SIGUSR1 after checking that the signal is caught
 * (research/live-attach.md §1.1, §1.2), with `force` through Node's semaphore (§1.4). The port is found by socket inode,
 * so another process's inspector is never taken for the target's.
 *
 * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION, E_SIGNAL_UNSAFE, E_INSPECTOR_DISABLED, E_INSPECTOR_PORT_TAKEN,
 *   E_NATIVE_BLOCK (the signal waits behind native code), E_INSPECTOR_NO_ANSWER (the application handles SIGUSR1 itself),
 *   E_TARGET_EXITED, E_INTERRUPTED
 */
export async function openInspector(pid: number, options: OpenOptions = {}): Promise<OpenedInspector> {
  const before = listOwnListeners(pid);
  const { options: nodeOptions } = parseNodeArguments(
    readCommandLine(pid).args,
    readEnvironment(pid)?.get('NODE_OPTIONS') ?? '',
  );
  const port = inspectorPort(nodeOptions);
  const mayBeInspector = isInspectorPort(port);
  const notes: ActivationNotes = {
    listenersBefore: new Set(before.map(({ inode }) => inode)),
    childrenBefore: noteListeners(listDescendants(pid)),
    inspectorPorts: mayBeInspector,
  };

  // Only when told to at start, or on the usual port, may a port be asked whether it is an inspector.
  const startedWithInspector = asksForInspector(nodeOptions);
  const existing = await findInspector(pid, (candidate) =>
    startedWithInspector ? mayBeInspector(candidate) : port !== 0 && candidate === port,
  );
  if (existing !== undefined)
    return {
      ...existing,
      ours: false,
      how: '',
      openedAt: performance.now(),
      notes,
      guard: undefined,
      release: async () => {},
    };

  const gate = checkSignalGate(pid);
  const bySignal = gate.safe && options.force !== true;
  if (!gate.safe && options.force !== true)
    throw new HolterError(
      gate.reason === 'blocked' ? 'E_INSPECTOR_DISABLED' : 'E_SIGNAL_UNSAFE',
      gate.explanation,
      {
        hint: gate.hint,
      },
    );

  const lock = await lockActivation(pid, options.signal);
  let guard: Guard | undefined;
  try {
    // An earlier signal may just have been served: then it is open already, and ours.
    const pending = port !== 0 && (await waitForFreePort(pid, port, notes));
    guard = startGuard(pid, notes.listenersBefore, port);
    guard.signalled();
    if (!pending) {
      if (bySignal) signalInspector(pid);
      else await raiseInspectorSemaphore(pid);
    }
    const found = await waitForInspector(pid, notes, options);
    return {
      ...found,
      ours: true,
      how: bySignal
        ? 'SIGUSR1, after checking that Node catches it'
        : "woke Node's inspector thread through memory (--force)",
      openedAt: performance.now(),
      notes,
      guard,
      release: () => lock.release(),
    };
  } catch (error) {
    // It may open late, when native code returns: the guard stays and closes it.
    const late =
      error instanceof HolterError && (error.code === 'E_NATIVE_BLOCK' || error.code === 'E_INTERRUPTED');
    if (late) guard?.keep();
    else guard?.done();
    await lock.release();
    throw error;
  }
}

/** Children, grandchildren … of `pid`. */
function listDescendants(pid: number): number[] {
  const all: number[] = [];
  const queue = listChildren(pid);
  for (let next = queue.pop(); next !== undefined && all.length < 500; next = queue.pop()) {
    all.push(next);
    queue.push(...listChildren(next));
  }
  return all;
}

function signalInspector(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR1');
  } catch (error) {
    if (errnoOf(error) === 'EPERM')
      throw new HolterError(
        'E_PERMISSION',
        `process ${pid} belongs to another user: it may not be signalled`,
        {
          hint: 'run holter as the same user, or with sudo',
          cause: error,
        },
      );
    throw new HolterError('E_NO_SUCH_PROCESS', `there is no process ${pid}`, {
      hint: 'holter ps',
      cause: error,
    });
  }
}

/**
 * The port is fixed when Node starts; while somebody else listens on it a signal only prints an error in the target.
 * @returns true when the target itself has come to listen on it
 */
async function waitForFreePort(pid: number, port: number, notes: ActivationNotes): Promise<boolean> {
  const deadline = performance.now() + 3000;
  const holder = () =>
    readListeningSockets(pid).find((socket) => socket.port === port && socket.address !== '::1');
  while (holder() !== undefined) {
    if (listOwnListeners(pid).some((own) => own.port === port && !notes.listenersBefore.has(own.inode)))
      return true;
    if (performance.now() > deadline) {
      const owner = findOwner(holder()?.inode);
      throw new HolterError(
        'E_INSPECTOR_PORT_TAKEN',
        `the inspector of process ${pid} wants port ${port}, which ${owner} holds; Node cannot use another one now`,
        {
          hint: `free port ${port}, or start the service with --inspect-port=0: then each process takes a free one`,
        },
      );
    }
    await sleep(20);
  }
  return false;
}

function findOwner(inode: number | undefined): string {
  if (inode !== undefined)
    for (const candidate of listPids()) {
      try {
        if (listOwnListeners(candidate).some((socket) => socket.inode === inode)) {
          const comm = readProcessStat(candidate)?.comm ?? '?';
          return `process ${candidate} (${comm})`;
        }
      } catch {
        // Another user's.
      }
    }
  return 'another process';
}

async function waitForInspector(
  pid: number,
  notes: ActivationNotes,
  options: OpenOptions,
): Promise<FoundInspector> {
  const { timeoutMs = 4000, signal } = options;
  const begin = performance.now();
  const isNew = (port: number, inode: number) =>
    !notes.listenersBefore.has(inode) && notes.inspectorPorts(port);
  const sleepsBefore = countSleeps(pid);
  let sleeping = 0;
  let readings = 0;
  for (;;) {
    if (signal?.aborted)
      throw new HolterError('E_INTERRUPTED', 'interrupted while waiting for the inspector');
    let found: FoundInspector | undefined;
    try {
      found = await findInspector(pid, isNew);
    } catch (error) {
      if (error instanceof HolterError && error.code === 'E_NO_SUCH_PROCESS')
        throw new HolterError('E_TARGET_EXITED', `process ${pid} ended while its inspector was being opened`);
      throw error;
    }
    if (found !== undefined) return found;
    const stat = readProcessStat(pid);
    if (stat === undefined || stat.state === 'Z')
      throw new HolterError('E_TARGET_EXITED', `process ${pid} ended while its inspector was being opened`);
    if (stat.state === 'T' || stat.state === 't')
      throw new HolterError(
        'E_INSPECTOR_NO_ANSWER',
        `process ${pid} is stopped (state ${stat.state}) and cannot answer`,
        {
          hint: `kill -CONT ${pid}`,
        },
      );
    const waited = performance.now() - begin;
    if (waited > 300) {
      readings++;
      if (isIdle(pid)) sleeping++;
      // Resting in its event loop all the time and still no port: the signal went to a handler of its own.
      if (readings >= 20 && sleeping >= readings * 0.8 && countSleeps(pid) > sleepsBefore)
        throw new HolterError(
          'E_INSPECTOR_NO_ANSWER',
          `process ${pid} took SIGUSR1 but did not open its inspector: the application handles this signal itself`,
          { hint: '--force wakes the inspector without a signal' },
        );
    }
    if (waited > timeoutMs)
      throw new HolterError(
        'E_NATIVE_BLOCK',
        `process ${pid} does not come back to JavaScript: it is in native code`,
        {
          hint: 'its inspector is closed again as soon as it opens',
        },
      );
    await sleep(waited < 100 ? 2 : 20);
  }
}

/** The main thread rests in its event loop (epoll), and not in that of an execSync. */
function isIdle(pid: number): boolean {
  return (readSystemCall(pid)?.name.startsWith('epoll_') ?? false) && !waitsForSyncChild(pid);
}

/** How often the main thread has gone to sleep: grows when a signal woke its loop, not while it sits in execSync. */
function countSleeps(pid: number): number {
  return readProcessStatus(pid, undefined, pid)?.voluntarySwitches ?? 0;
}
