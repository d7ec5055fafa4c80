// holter-expect {"kind":"healthy","load":{"path":"/drain","connections":10}}
import { createServer } from 'node:http';

class Queue {
  #jobs = [];

  push(job) {
    this.#jobs.push(job);
  }

  drain() {
    while (this.#jobs.length > 0) this.#jobs.shift().run();
  }
}

const queue = new Queue();
const server = createServer((req, res) => {
  queue.push({ run: () => res.end('ok') });
  queue.drain();
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
