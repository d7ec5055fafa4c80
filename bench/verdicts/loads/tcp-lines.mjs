/** Sends blocks of lines to a TCP server and waits for an answer to each. */
import { connect } from 'node:net';

const { port, connections, seconds } = JSON.parse(process.argv[2]);
const block = Buffer.from('one short line of a protocol\n'.repeat(1_300));
const sockets = Array.from({ length: connections }, () => {
  const socket = connect(port, '127.0.0.1', () => socket.write(block));
  socket.on('data', () => setTimeout(() => socket.write(block), 20));
  socket.on('error', () => {});
  return socket;
});
setTimeout(() => process.exit(0), seconds * 1_000);
process.on('SIGTERM', () => {
  for (const socket of sockets) socket.destroy();
  process.exit(0);
});
