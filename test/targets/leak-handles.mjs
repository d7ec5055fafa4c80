// holter-expect {"kind":"leak-handles","functions":["readHead"],"line":7,"load":{"path":"/","connections":10}}
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

function readHead(path) {
  return new Promise((resolve) => {
    const file = createReadStream(path, { highWaterMark: 64 });
    // Enough is known after the first piece, but the file stays open.
    file.once('data', (piece) => {
      file.pause();
      resolve(piece.length);
    });
  });
}

const server = createServer(async (req, res) => {
  const head = await readHead(new URL(import.meta.url));
  setTimeout(() => res.end(String(head)), 100);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
