// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

class Calendar {
  #entries = Array.from({ length: 1_000 }, (_, i) => ({ from: i * 3, to: i * 3 + (i % 11) }));

  countOverlaps() {
    let overlaps = 0;
    for (let i = 1; i < this.#entries.length; i++) {
      if (this.#entries[i].from < this.#entries[i - 1].to) overlaps++;
    }
    return overlaps;
  }
}

const calendar = new Calendar();
const server = createServer((req, res) => {
  res.end(String(calendar.countOverlaps()));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
