// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
import { createServer } from 'node:http';

const cache = new Map();
let count = 0;

// Every entry has a timer that ends it: their number follows the load and stays there.
function remember(key) {
  const timer = setTimeout(() => cache.delete(key), 800);
  cache.set(key, timer);
}

const server = createServer((req, res) => {
  remember(count++);
  const beat = setInterval(() => {}, 200);
  const signal = AbortSignal.timeout(60_000);
  res.on('close', () => clearInterval(beat));
  res.end(String(signal.aborted));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
