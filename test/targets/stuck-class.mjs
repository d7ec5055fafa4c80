// holter-expect {"kind":"event-loop-stuck","functions":["drain","Queue.drain"],"line":14,"lines":[11,12,13,14,15],"trigger":"/drain"}
import { createServer } from 'node:http';

class Queue {
  #jobs = [{ id: 1, after: null }];

  get waiting() {
    return this.#jobs.length;
  }

  drain() {
    while (this.waiting > 0) {
      const job = this.#jobs.shift();
      if (job.after === null) this.#jobs.push(job);
    }
  }
}

const queue = new Queue();
const server = createServer((req, res) => {
  if (req.url === '/drain') queue.drain();
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
