import { setTimeout as sleep } from 'node:timers/promises';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import type { ActivationNotes } from './leave.ts';
import { listOwnListeners } from './own-listeners.ts';

/**
 * One SIGUSR1 opens the inspector twice over: Node serves it in an interrupt, which works while JavaScript runs, and once
 * more when the loop next turns (node/src/inspector_agent.cc, RequestIoThreadStart). A target that was busy when the
 * signal came therefore opens its port again after we have closed it.
 */
export interface ReopeningWatch {
  /** The loop has turned since the port was closed, and it is closed: nothing more can come of our signal. */
  readonly settled: boolean;
  /** How often it was closed again. */
  readonly closedAgain: number;
  /** Waits up to a second for it to settle, not for a loop that has long been still. */
  stop(): Promise<void>;
}

/** A loop that has not turned for so long is stuck: no use waiting. */
const STILL_MS = 1000;
const SETTLE_MS = 1000;

/** Watches through the bridge until the loop has turned; closes the port each time it opens. */
export function watchReopening(session: Session, pid: number, notes: ActivationNotes): ReopeningWatch {
  let stopped = false;
  let settled = false;
  let closedAgain = 0;
  let firstBeats: number | undefined;
  let beats = 0;
  let still = false;
  session.on('Holter.sample', (sample) => {
    firstBeats ??= sample.beats;
    beats = sample.beats;
    still = sample.time - sample.beat > STILL_MS;
  });
  const isOpen = (): boolean => {
    try {
      return listOwnListeners(pid).some(
        ({ inode, port }) => !notes.listenersBefore.has(inode) && notes.inspectorPorts(port),
      );
    } catch {
      return false;
    }
  };
  const running = (async () => {
    while (!stopped && session.isOpen) {
      // The timers of a turn run before its poll phase: two ticks on, the turn that could open it is over.
      const turned = firstBeats !== undefined && beats >= firstBeats + 2;
      if (isOpen()) {
        closedAgain++;
        await evaluate(
          session,
          '(process.getBuiltinModule ? process.getBuiltinModule("inspector") : require("inspector")).close()',
          { timeoutMs: 2000 },
        ).catch(() => {});
      } else if (turned) {
        settled = true;
        return;
      }
      await Promise.race([sleep(40), session.closed]);
    }
  })();
  return {
    get settled() {
      return settled;
    },
    get closedAgain() {
      return closedAgain;
    },
    async stop() {
      const deadline = performance.now() + SETTLE_MS;
      while (!settled && !still && session.isOpen && performance.now() < deadline) await sleep(20);
      stopped = true;
      await running;
    },
  };
}
