// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":100}}
import { createServer } from 'node:http';

const seen = new Map();
setInterval(() => {
  for (const [key, at] of seen) if (at < Date.now() - 1_000) seen.delete(key);
}, 500);

let count = 0;
const server = createServer((req, res) => {
  seen.set(count++ % 500, Date.now());
  res.end(String(seen.size));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
