/** Opens many keep-alive connections, asks once on each, then says nothing more. */
import { connect } from 'node:net';

const { port, connections, seconds } = JSON.parse(process.argv[2]);
for (let i = 0; i < connections; i++) {
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n'),
  );
  socket.on('data', () => {});
  socket.on('error', () => {});
}
setTimeout(() => process.exit(0), seconds * 1_000);
process.on('SIGTERM', () => process.exit(0));
