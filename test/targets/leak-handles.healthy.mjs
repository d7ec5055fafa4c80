// holter-expect {"kind":"healthy","load":{"path":"/","connections":30,"rate":100}}
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';

function readHead(path) {
  return new Promise((resolve) => {
    const file = createReadStream(path, { highWaterMark: 64 });
    file.once('data', (piece) => {
      file.destroy();
      resolve(piece.length);
    });
  });
}

// Connections that are kept: as many as the load needs at once, and no more.
const agent = new Agent({ keepAlive: true });
const upstream = createServer((req, res) => setTimeout(() => res.end('price'), 40));
upstream.listen(0, '127.0.0.1');
const price = () =>
  new Promise((resolve) =>
    get({ port: upstream.address().port, agent }, (answer) => answer.resume().on('end', resolve)),
  );

const server = createServer(async (req, res) => {
  const file = await open(new URL(import.meta.url));
  const head = await readHead(new URL(import.meta.url));
  await price();
  await file.close();
  res.end(String(head));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
