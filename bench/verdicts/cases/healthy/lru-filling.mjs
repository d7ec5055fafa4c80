// holter-expect {"kind":"healthy","once":true,"wait":200,"load":{"path":"/","connections":10,"rate":500}}
import { createServer } from 'node:http';

// Starts empty, as every cache does after a deploy, and is full after about four seconds.
const LIMIT = 2_000;
const cache = new Map();
let at = 0;

const server = createServer((req, res) => {
  cache.set(`page${at++}`, { at, html: `<p>${at}</p>`.repeat(300).split('>') });
  if (cache.size > LIMIT) cache.delete(cache.keys().next().value);
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
