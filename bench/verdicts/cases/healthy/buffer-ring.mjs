// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
import { createServer } from 'node:http';

// Sixty megabytes of buffers, used in turn; the old one goes when the new one comes.
const ring = Array.from({ length: 60 }, () => Buffer.alloc(1_000_000));
let at = 0;

const server = createServer((req, res) => {
  if (at % 20 === 0) ring[(at / 20) % ring.length] = Buffer.alloc(1_000_000, at % 255);
  at++;
  res.end(String(ring[at % ring.length][0]));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
