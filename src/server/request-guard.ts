import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may come from the page this server served. Other users of the machine and pages of other sites can
 * reach the port: they lack the token; a name that resolves to 127.0.0.1 (DNS rebinding) is caught by Host.
 */
export function isOwnHost(request: IncomingMessage, port: number): boolean {
  const { host, origin, 'sec-fetch-site': site } = request.headers;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (host === undefined || !hosts.includes(host)) return false;
  if (origin !== undefined && !hosts.some((one) => origin === `http://${one}`)) return false;
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** Equal, told in a time that does not depend on where they differ. */
export function isToken(given: unknown, token: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
