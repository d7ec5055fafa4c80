import { rmSync } from 'node:fs';

/**
 * Prometheus text on `GET /metrics`, from the worker: it answers also when the main thread does not. On 127.0.0.1 unless
 * another host is named, or on a Unix socket. Returns what closes it; a port in use is told, not thrown.
 */
export async function serveMetrics(
  where: string,
  read: () => string,
  problem: (text: string) => void,
): Promise<() => void> {
  // Loaded only when asked for: it costs memory.
  const { createServer } = await import('node:http');
  const place = where.replaceAll('%p', String(process.pid));
  const server = createServer((request, response) => {
    if (
      (request.method !== 'GET' && request.method !== 'HEAD') ||
      request.url?.split('?')[0] !== '/metrics'
    ) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(request.method === 'HEAD' ? '' : read());
  });
  server.maxConnections = 16;
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  server.on('error', (error) => problem(`metrics are not served on ${place}: ${error.message}`));
  const path = /^unix:(.+)$/.exec(place)?.[1];
  if (path !== undefined) {
    // Of a process that died: binding needs the name free.
    rmSync(path, { force: true });
    server.listen(path);
  } else {
    const colon = place.lastIndexOf(':');
    const host = colon < 0 ? '127.0.0.1' : place.slice(0, colon).replace(/^\[|\]$/g, '');
    server.listen(Number(place.slice(colon + 1)), host);
  }
  return () => {
    server.close();
    if (path !== undefined) rmSync(path, { force: true });
  };
}
