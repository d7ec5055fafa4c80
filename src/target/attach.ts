import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import { Session } from '../cdp/session.ts';
import { connectWebSocket } from '../cdp/transport.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { type Bridge, openBridge } from './bridge.ts';
import { connectorFor } from './connector.ts';
import { describeInside, type InsideFacts } from './inside-facts.ts';
import { probeInspector } from './inspector-port.ts';
import { verifyLeft } from './leave.ts';
import { type OpenedInspector, type OpenOptions, openInspector } from './open-inspector.ts';
import { type ReopeningWatch, watchReopening } from './reopening.ts';

/** One act, as the recording keeps it (recording/manifest.ts Action). */
export interface Act {
  what: string;
  at: string;
  pauseMs: Milliseconds;
  effect?: string;
}

/** A live connection with the main thread of a target. */
export interface Attachment {
  session: Session;
  facts: InsideFacts;
  /** All that was done to the target so far; grows until `leave` has returned. */
  acts: Act[];
  /** How long the TCP inspector was open because of us; 0 when it was open before. */
  inspectorOpenMs: Milliseconds;
  /** Takes everything out again and checks it. Safe to call twice, and after the target has died. */
  leave(): Promise<{ verified: boolean; leftBehind: { what: string; command: string }[] }>;
}

export interface AttachOptions extends OpenOptions {
  /** Vital signs from inside (default true); false for visits that only talk the protocol, which then cost less. */
  watch?: boolean;
  /** Called with each step for a progress line. */
  onStep?: (what: string) => void;
}

/** A list of acts and the function that adds to it, with the time. */
function keepActs(): { acts: Act[]; act: (what: string, effect?: string, pauseMs?: number) => void } {
  const acts: Act[] = [];
  return {
    acts,
    act: (what, effect, pauseMs = 0) =>
      void acts.push({
        what,
        at: new Date().toISOString(),
        pauseMs,
        ...(effect === undefined ? {} : { effect }),
      }),
  };
}

/**
 * Attaches to a process nobody prepared (research/live-attach.md §11): opens its inspector for about 100 ms, starts the
 * bridge, closes the inspector, and talks over the bridge from then on. An inspector that was open before is used and
 * left open.
 *
 * @throws HolterError of `openInspector`; E_CDP, E_CONNECTION_LOST, E_TIMEOUT when the target dies or changes meanwhile.
 *   Whatever was opened is closed before the error leaves.
 */
export async function attach(pid: number, options: AttachOptions = {}): Promise<Attachment> {
  const { acts, act } = keepActs();
  act(`read /proc/${pid} and its threads`, 'no effect');

  // A signal to a stopped process is served when it goes on, long after we are gone: the port would stay open.
  if (/[Tt]/.test(readProcessStat(pid)?.state ?? ''))
    throw new HolterError('E_INSPECTOR_NO_ANSWER', `process ${pid} is stopped (SIGSTOP or a debugger)`, {
      hint: `let it go on first: kill -CONT ${pid}`,
    });
  const opened = await openInspector(pid, options);
  if (opened.ours) act(opened.how, `inspector on ${opened.host}:${opened.port}`);
  else act(`used the inspector already open on ${opened.host}:${opened.port}`, 'left open');
  options.onStep?.('inspector open');
  return connect(opened, pid, acts, act, options);
}

/**
 * Attaches through an inspector given as a URL (another machine, a forwarded port, macOS): it is used and left open.
 */
export async function attachToUrl(url: string, options: AttachOptions = {}): Promise<Attachment> {
  const webSocketUrl = await findWebSocketUrl(url);
  const { acts, act } = keepActs();
  act(`used the inspector at ${new URL(webSocketUrl).host}`, 'left open');
  const { hostname, port } = new URL(webSocketUrl);
  const opened: OpenedInspector = {
    host: hostname,
    port: Number(port),
    webSocketUrl,
    ours: false,
    how: '',
    openedAt: performance.now(),
    notes: { listenersBefore: new Set(), childrenBefore: new Map(), inspectorPorts: () => false },
    guard: undefined,
    release: async () => {},
  };
  return connect(opened, undefined, acts, act, options);
}

/** `ws://…/uuid` as it is; `http://host:port` and `ws://host:port` are asked for theirs. */
async function findWebSocketUrl(url: string): Promise<string> {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol.startsWith('ws') && pathname.length > 1) return url;
  const page = await probeInspector(hostname, Number(port) || 80, undefined, 3000);
  if (page !== undefined) return page.webSocketUrl;
  throw new HolterError('E_INSPECTOR_REFUSED', `no Node inspector answers at ${hostname}:${port}`, {
    hint: 'start the app with --inspect, or forward the port: ssh -L 9229:127.0.0.1:9229 host',
  });
}

async function connect(
  opened: OpenedInspector,
  pid: number | undefined,
  acts: Act[],
  act: (what: string, effect?: string, pauseMs?: number) => void,
  options: AttachOptions,
): Promise<Attachment> {
  let direct: Session | undefined;
  try {
    direct = new Session(await connectWebSocket(opened.webSocketUrl, connectorFor(pid)));
    const facts = await describeInside(direct, pid);
    const bridge = await openBridge(direct, {
      pid,
      closeInspector: opened.ours,
      watch: options.watch ?? true,
    });
    act('bridge worker started', bridge.where);
    let inspectorOpenMs = 0;
    if (opened.ours) {
      await closeInspector(direct);
      inspectorOpenMs = performance.now() - opened.openedAt;
      act('inspector closed', `open ${Math.round(inspectorOpenMs)} ms`);
    } else direct.close();
    const reopening =
      opened.ours && pid !== undefined ? watchReopening(bridge.session, pid, opened.notes) : undefined;
    await opened.release();
    options.onStep?.('attached');
    return {
      session: bridge.session,
      facts,
      acts,
      inspectorOpenMs,
      leave: leaveOnce(bridge, opened, reopening, pid, act),
    };
  } catch (error) {
    // Nothing of ours may stay open: the guard does it too, but only once holter is gone.
    if (direct?.isOpen && opened.ours) await closeInspector(direct).catch(() => {});
    direct?.close();
    await opened.release();
    // Could not be reached at all: the port may be open still, the guard sees to it.
    if (direct === undefined) opened.guard?.keep();
    else opened.guard?.done();
    throw error;
  }
}

/** `inspector.close()` cuts our own connection: no answer comes, the closing is the answer (live-attach §1.5). */
async function closeInspector(direct: Session): Promise<void> {
  const closing = evaluate(
    direct,
    '(process.getBuiltinModule ? process.getBuiltinModule("inspector") : require("inspector")).close()',
  ).catch(() => {});
  await Promise.race([closing, direct.closed, new Promise((resolve) => setTimeout(resolve, 3000).unref())]);
  direct.close();
}

function leaveOnce(
  bridge: Bridge,
  { notes, guard }: OpenedInspector,
  reopening: ReopeningWatch | undefined,
  pid: number | undefined,
  act: (what: string, effect?: string, pauseMs?: number) => void,
): Attachment['leave'] {
  let left: ReturnType<Attachment['leave']> | undefined;
  return () => {
    left ??= (async () => {
      await reopening?.stop();
      if (reopening !== undefined && reopening.closedAgain > 0)
        act(
          'inspector closed again: the pending signal had opened it once more',
          `${reopening.closedAgain} times`,
        );
      await bridge.close();
      const check =
        pid === undefined ? { verified: false, leftBehind: [] } : await verifyLeft(pid, notes, bridge.folder);
      act(
        'bridge worker ended; threads, ports and handles compared with before',
        check.verified ? 'verified' : pid === undefined ? 'cannot be verified from here' : 'see what is left',
      );
      // A loop that has not turned since the signal may still open the port when it does.
      if (reopening === undefined || reopening.settled) guard?.done();
      else {
        guard?.keep();
        act(
          'a guard stays for at most 10 minutes',
          'closes the inspector should the loop open it when it turns again',
        );
      }
      return check;
    })();
    return left;
  };
}
