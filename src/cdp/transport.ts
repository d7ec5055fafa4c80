import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { HolterError } from '../base/errors.ts';

/** Carries whole protocol messages (JSON text) both ways. `onClose` fires exactly once. */
export interface Transport {
  send(message: string): void;
  onMessage: (message: string) => void;
  onClose: (why: string) => void;
  close(): void;
  /** Stops and goes on reading: what comes meanwhile waits on the other side. */
  pause(): void;
  resume(): void;
}

/**
 * The inspector's own WebSocket. No limit on message size (`ws` stops at 100 MiB by default, snapshots are larger),
 * no compression (it would cost the target CPU on its inspector thread). `connector` opens the TCP connection by other
 * means, e.g. inside a container's network.
 * @throws HolterError E_INSPECTOR_REFUSED
 */
export function connectWebSocket(
  url: string,
  connector?: (host: string, port: number) => Duplex,
  timeoutMs = 5000,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = new WebSocket(url, {
      maxPayload: 0,
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
      ...(connector === undefined
        ? {}
        : { createConnection: () => connector(hostname, Number(port)) as never }),
    });
    const transport: Transport = {
      send: (message) => socket.send(message),
      onMessage: () => {},
      onClose: () => {},
      close: () => socket.close(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    };
    let open = false;
    socket.on('open', () => {
      open = true;
      resolve(transport);
    });
    socket.on('message', (data) => transport.onMessage(data.toString()));
    socket.on('close', () => transport.onClose('the inspector closed the connection'));
    socket.on('error', (error) => {
      if (!open)
        reject(
          new HolterError('E_INSPECTOR_REFUSED', `inspector at ${url} did not accept us: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
}

/**
 * holter's bridge: one JSON message per line over a Unix socket, or over a loopback port whose first line is a token
 * (target/bridge-source.ts).
 * @throws HolterError E_CONNECTION_LOST when nobody listens there
 */
export function connectLineSocket(address: string | { port: number; token: string }): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket: Socket =
      typeof address === 'string' ? createConnection(address) : createConnection(address.port, '127.0.0.1');
    const transport: Transport = {
      send: (message) => void socket.write(`${message}\n`),
      onMessage: () => {},
      onClose: () => {},
      close: () => socket.destroy(),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    };
    let open = false;
    // Chunks are kept in a list until a newline comes: joining a growing string would cost O(n²) on large answers.
    let pending: Buffer[] = [];
    socket.on('connect', () => {
      open = true;
      if (typeof address !== 'string') socket.write(`${address.token}\n`);
      resolve(transport);
    });
    socket.on('data', (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        pending.push(chunk.subarray(start, end));
        const line = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
        pending = [];
        start = end + 1;
        transport.onMessage(line.toString('utf8'));
      }
      if (start < chunk.length) pending.push(chunk.subarray(start));
    });
    socket.on('close', () => transport.onClose('the bridge inside the target is gone'));
    socket.on('error', (error) => {
      if (!open)
        reject(
          new HolterError('E_CONNECTION_LOST', `no bridge at ${JSON.stringify(address)}: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
}
