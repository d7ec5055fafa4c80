// holter-expect {"kind":"event-loop-stuck","functions":["lock","Mutex.lock"],"line":9,"lines":[7,8,9,10],"trigger":"/critical"}
import { createServer } from 'node:http';

class Mutex {
  #cell = new Int32Array(new SharedArrayBuffer(4));

  lock() {
    while (Atomics.compareExchange(this.#cell, 0, 0, 1) !== 0) {
      Atomics.wait(this.#cell, 0, 1);
    }
  }
}

const mutex = new Mutex();
const server = createServer((req, res) => {
  if (req.url === '/critical') {
    mutex.lock();
    mutex.lock();
  }
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
