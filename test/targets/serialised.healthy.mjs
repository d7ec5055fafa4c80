// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
// A lock for each article: requests seldom meet.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

class Lock {
  last = Promise.resolve();

  run(work) {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }
}

const locks = new Map();
let next = 0;
function lockOf() {
  const key = next++ % 1000;
  if (!locks.has(key)) locks.set(key, new Lock());
  return locks.get(key);
}
let stock = 1_000_000;

async function takeOne() {
  const seen = stock;
  await pause(15);
  stock = seen - 1;
  return stock;
}

async function reserve(id) {
  const left = await lockOf().run(takeOne);
  return { id, left };
}

const server = createServer(async (request, response) => {
  response.end(JSON.stringify(await reserve(request.url)));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
