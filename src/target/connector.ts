import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { sharesNamespace } from '../linux/namespaces.ts';

/** Opens a TCP connection by other means than our own network; undefined = the ordinary way. */
export type Connector = ((host: string, port: number) => Duplex) | undefined;

/**
 * How to reach a port of `pid` on its loopback. In another network namespace (a container) Node cannot go by itself:
 * `nsenter -n` runs a relay there over stdio; only the network is changed, so our own files stay visible
 * (research/live-attach.md §1.7). Needed for the first 100 ms only, the bridge's socket is reached through /proc.
 */
export function connectorFor(pid: number | undefined): Connector {
  if (pid === undefined || sharesNamespace(pid, 'net')) return undefined;
  return (host, port) => relay(pid, host, port);
}

const RELAY = `
  const socket = require('net').connect(Number(process.argv[2]), process.argv[1]);
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  socket.on('error', () => process.exit(1));
  socket.on('close', () => process.exit(0));`;

function relay(pid: number, host: string, port: number): Duplex {
  const child = spawn(
    'nsenter',
    ['-t', String(pid), '-n', process.execPath, '-e', RELAY, host, String(port)],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  );
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  child.on('error', (error) => stream.destroy(error));
  stream.on('close', () => child.kill());
  stream.on('error', () => {});
  // http and ws set socket options that a pipe does not have.
  return Object.assign(stream, {
    setTimeout: () => stream,
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
  });
}
