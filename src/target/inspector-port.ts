import { get, type RequestOptions } from 'node:http';
import type { Connector } from './connector.ts';

export interface InspectorPage {
  webSocketUrl: string;
  title: string;
}

/**
 * Asks what listens on a port whether it is a Node inspector (`GET /json/list`, answered by Node's own I/O thread even
 * while the loop is stuck). undefined when it is something else or does not answer in time.
 */
export function probeInspector(
  host: string,
  port: number,
  connector?: Connector,
  timeoutMs: number = connector === undefined ? 400 : 2000,
): Promise<InspectorPage | undefined> {
  return new Promise((resolve) => {
    const options: RequestOptions = { host, port, path: '/json/list', timeout: timeoutMs };
    // `agent: false` would make an agent of its own, which ignores createConnection.
    if (connector === undefined) options.agent = false;
    else options.createConnection = () => connector(host, port) as never;
    const request = get(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > 100_000) request.destroy();
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => {
        try {
          const pages = JSON.parse(text) as {
            type?: string;
            webSocketDebuggerUrl?: string;
            title?: string;
          }[];
          const page = pages.find(
            ({ type, webSocketDebuggerUrl }) => type === 'node' && webSocketDebuggerUrl !== undefined,
          );
          resolve(
            page === undefined
              ? undefined
              : { webSocketUrl: page.webSocketDebuggerUrl as string, title: page.title ?? '' },
          );
        } catch {
          resolve(undefined);
        }
      });
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/**
 * Which ports an inspector opened by a signal can have: the one set at start, a few above for cluster workers, and any
 * when it was set to 0.
 */
export function isInspectorPort(expected: number): (port: number) => boolean {
  return (port) => expected === 0 || (port >= expected && port < expected + 100);
}
