// holter-expect {"kind":"event-loop-blocked","functions":["findOverlaps","Calendar.findOverlaps"],"line":15,"lines":[11,12,13,14,15,16,17],"load":{"path":"/","connections":6}}
import { createServer } from 'node:http';

class Calendar {
  #entries;

  constructor(size) {
    this.#entries = Array.from({ length: size }, (_, i) => ({ from: i * 3, to: i * 3 + (i % 11) }));
  }

  findOverlaps() {
    let overlaps = 0;
    for (const a of this.#entries) {
      for (const b of this.#entries) {
        if (a !== b && a.from < b.to && b.from < a.to) overlaps++;
      }
    }
    return overlaps;
  }
}

const calendar = new Calendar(8_000);
const server = createServer((req, res) => {
  res.end(String(calendar.findOverlaps()));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
