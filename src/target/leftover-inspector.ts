import { evaluate } from '../cdp/evaluate.ts';
import { Session } from '../cdp/session.ts';
import { connectWebSocket } from '../cdp/transport.ts';
import { connectorFor } from './connector.ts';
import { probeInspector } from './inspector-port.ts';
import { listOwnListeners } from './own-listeners.ts';

export interface FoundInspector {
  host: string;
  port: number;
  webSocketUrl: string;
}

/**
 * An inspector that `pid` listens on, among the loopback ports that `eligible` lets through. Never ask a port that may be
 * the application's: the question would be a request to it.
 */
export async function findInspector(
  pid: number,
  eligible: (port: number, inode: number) => boolean,
): Promise<FoundInspector | undefined> {
  for (const { address, port, inode } of listOwnListeners(pid)) {
    const loopback = address === '127.0.0.1' || address === '::1';
    if (!eligible(port, inode)) continue;
    const host = loopback ? address : '127.0.0.1';
    const page = await probeInspector(host, port, connectorFor(pid));
    if (page !== undefined) return { host, port, webSocketUrl: page.webSocketUrl };
  }
  return undefined;
}

/** Closes an inspector that was opened on our account. What a bridge has installed it takes out by itself. */
export async function closeForeignInspector(pid: number, webSocketUrl: string): Promise<void> {
  const session = new Session(await connectWebSocket(webSocketUrl, connectorFor(pid)));
  const closing = evaluate(
    session,
    '(process.getBuiltinModule ? process.getBuiltinModule("inspector") : require("inspector")).close()',
    { timeoutMs: 3000 },
  ).catch(() => {});
  await Promise.race([closing, session.closed]);
  session.close();
}
