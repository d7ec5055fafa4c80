// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

class Visit {
  constructor(url) {
    this.url = url;
    this.steps = Array.from({ length: 120 }, (_, i) => ({ i }));
  }
}

const ring = new Array(256);
let at = 0;
const server = createServer((req, res) => {
  ring[at++ % ring.length] = new Visit(req.url);
  res.end(String(at));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
