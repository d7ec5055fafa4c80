// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
import { createServer } from 'node:http';

const queue = [];
let scheduled = false;

function drain() {
  scheduled = false;
  while (queue.length > 0) queue.shift()();
}

const server = createServer((req, res) => {
  queue.push(() => res.end('ok'));
  if (!scheduled) setImmediate(drain);
  scheduled = true;
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
