// holter-expect {"kind":"healthy","load":{"loader":"tcp-lines.mjs","connections":20}}
import { createServer } from 'node:net';

const server = createServer((socket) => {
  let left = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const lines = (left + chunk).split('\n');
    left = lines.pop();
    if (lines.length > 0) socket.write(`${lines.length}\n`);
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
