// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["Visit","record","Journal.record"],"line":8,"lines":[5,6,7,8,9,15,16,17,18],"load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

class Visit {
  constructor(url) {
    this.url = url;
    this.at = new Date();
    this.steps = Array.from({ length: 120 }, (_, i) => ({ i }));
  }
}

class Journal {
  #visits = [];

  record(url) {
    this.#visits.push(new Visit(url));
    return this.#visits.length;
  }
}

const journal = new Journal();
const server = createServer((req, res) => {
  res.end(String(journal.record(req.url)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
