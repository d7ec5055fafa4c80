// holter-expect {"kind":"healthy","load":{"path":"/","connections":20,"rate":300}}
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const waiting = new Map();
let count = 0;

const acknowledged = (id) => new Promise((resolve) => waiting.set(id, resolve));
setInterval(() => {
  for (const [id, resolve] of waiting) {
    waiting.delete(id);
    resolve(true);
  }
}, 400);

async function record(url) {
  const done = await acknowledged(count++);
  return `${url} ${done}`;
}

const server = createServer(async (req, res) => {
  record(req.url);
  // The loser of a race stays pending, but nobody holds it.
  await Promise.race([new Promise(() => {}), sleep(10)]);
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
