import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const ARCHIVE = fileURLToPath(new URL('archive.js', import.meta.url));

// A line server. A connection that says `archive` is handed over to another process, which reads the rest of it.
const server = createServer((socket) => {
  socket.on('error', (error) => console.error(`connection lost: ${error.code}`));
  socket.on('data', (data) => {
    if (data.toString().startsWith('archive')) handOver(socket);
    else socket.write(`heard ${data}`);
  });
});

function handOver(socket) {
  const { fd } = socket._handle;
  const archive = spawn(process.execPath, [ARCHIVE], { stdio: ['pipe', 'ignore', 'inherit', fd] });
  archive.once('spawn', () => {
    // "The archive has it now, so we close ours." But the socket still owns it, and libuv still waits for it.
    closeSync(fd);
  });
}

server.listen(Number(process.env.PORT ?? 3017), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
