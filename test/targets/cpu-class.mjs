// holter-expect {"kind":"cpu-bound","functions":["score","Ranker.score"],"line":11,"lines":[7,8,9,10,11,12,13,14,15],"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

class Ranker {
  weights = Float64Array.from({ length: 256 }, (_, i) => Math.sin(i));

  score(text) {
    let sum = 0;
    for (let round = 0; round < 4_000; round++) {
      for (let i = 0; i < this.weights.length; i++) {
        sum += this.weights[i] * text.charCodeAt((i + round) % text.length);
      }
    }
    return sum;
  }
}

const ranker = new Ranker();
const server = createServer((req, res) => {
  res.end(String(ranker.score('the query that somebody typed')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
