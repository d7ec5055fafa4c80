import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { evaluate } from '../cdp/evaluate.ts';
import { Session } from '../cdp/session.ts';
import { connectLineSocket, type Transport } from '../cdp/transport.ts';
import { type BridgeAddress, bridgeExpression, STATE_EXPRESSION } from './bridge-source.ts';

/** The worker inside the target that speaks the protocol for us, without an open TCP inspector. */
export interface Bridge {
  session: Session;
  /** For people: `private Unix socket`. */
  where: string;
  /** Folder of the socket as seen from here; gone when the bridge is. */
  folder: string | undefined;
  /** Undoes what was installed, ends the worker, waits until it is gone (at most `timeoutMs`). */
  close(timeoutMs?: number): Promise<void>;
}

/**
 * Installs the bridge through an open inspector session and connects to it (research/live-attach.md §1.6).
 * @throws HolterError E_INSPECTOR_REFUSED when the target cannot start a worker, E_TIMEOUT when it does not come up
 */
export async function openBridge(
  direct: Session,
  options: { pid: number | undefined; closeInspector: boolean; watch: boolean },
): Promise<Bridge> {
  const token = randomBytes(16).toString('hex');
  let address: BridgeAddress;
  try {
    address = await evaluate<BridgeAddress>(
      direct,
      bridgeExpression({ token, closeInspector: options.closeInspector, watch: options.watch }),
      {
        timeoutMs: 10_000,
      },
    );
  } catch (error) {
    throw new HolterError(
      'E_INSPECTOR_REFUSED',
      `cannot start a worker in the target: ${(error as Error).message}`,
      {
        hint: 'the permission model needs --allow-worker',
        cause: error,
      },
    );
  }
  let folder: string | undefined;
  let transport: Transport;
  if ('path' in address) {
    const reached = await reachPath(address.path, options.pid);
    transport = reached.transport;
    folder = dirname(reached.path);
  } else transport = await reachPort(direct, address.token);
  const session = new Session(transport);
  return {
    session,
    folder,
    where: 'path' in address ? 'private Unix socket' : 'loopback port with a token',
    async close(timeoutMs = 5000) {
      if (!session.isOpen) return;
      // No answer is needed: the end of the connection tells that the worker has begun to go.
      session.send('Holter.leave').catch(() => {});
      await Promise.race([session.closed, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);
      session.close();
    },
  };
}

/** The socket as seen from here: in a container it lies under the target's root. */
async function reachPath(
  path: string,
  pid: number | undefined,
): Promise<{ transport: Transport; path: string }> {
  const paths = pid === undefined ? [path] : [path, `/proc/${pid}/root${path}`];
  const deadline = performance.now() + 8000;
  for (;;) {
    for (const candidate of paths) {
      const transport = await connectLineSocket(candidate).catch(() => undefined);
      if (transport !== undefined) return { transport, path: candidate };
    }
    if (performance.now() > deadline)
      throw new HolterError('E_TIMEOUT', `the bridge in the target did not come up at ${path}`, {
        hint: 'it removes itself after 10 s; nothing else was changed',
      });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** No writable folder in the target: a loopback port whose first line must be the token. */
async function reachPort(direct: Session, token: string): Promise<Transport> {
  const deadline = performance.now() + 8000;
  let port = 0;
  while (port === 0) {
    port = await evaluate<number>(direct, `${STATE_EXPRESSION}.port?.() ?? 0`, { timeoutMs: 2000 });
    if (performance.now() > deadline)
      throw new HolterError('E_TIMEOUT', 'the bridge in the target did not open its port');
    if (port === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return connectLineSocket({ port, token });
}
