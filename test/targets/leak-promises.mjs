// holter-expect {"kind":"leak-promises","functions":["acknowledged","record"],"lines":[7,14],"load":{"path":"/","connections":10},"also":["memory-leak-heap"]}
import { createServer } from 'node:http';

const waiting = new Map();
let count = 0;

const acknowledged = (id) => new Promise((resolve) => waiting.set(id, resolve));
function acknowledge(id) {
  waiting.get(id)?.(true);
}

async function record(url) {
  const [id, row] = [count++, new Array(400).fill(url)];
  const done = await acknowledged(id);
  waiting.delete(id);
  return `${url} ${done} ${row.length}`;
}

const server = createServer((req, res) => {
  // Fire and forget: nobody ever acknowledges it.
  record(req.url);
  if (req.url === '/acknowledge') acknowledge(0);
  setTimeout(() => res.end('ok'), 40);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
