// holter-expect {"kind":"serialised","functions":["reserve","run"],"line":27,"lines":[27,10],"load":{"path":"/","connections":10}}
// All requests go through one lock, which is held while something slow goes on.
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

const lock = new Lock();
let stock = 1_000_000;

async function takeOne() {
  const seen = stock;
  await pause(15);
  stock = seen - 1;
  return stock;
}

async function reserve(id) {
  const left = await lock.run(takeOne);
  return { id, left };
}

const server = createServer(async (request, response) => {
  response.end(JSON.stringify(await reserve(request.url)));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
