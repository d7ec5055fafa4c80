// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":800}}
import { createServer } from 'node:http';

class Lru {
  #entries = new Map();
  #limit;

  constructor(limit) {
    this.#limit = limit;
  }

  set(key, value) {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value);
  }
}

const lru = new Lru(20_000);
let at = 0;
const put = () => lru.set(`k${at++}`, { at, body: Array.from({ length: 60 }, (_, i) => i + at) });
for (let i = 0; i < 20_000; i++) put();

const server = createServer((req, res) => {
  put();
  res.end(String(at));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
