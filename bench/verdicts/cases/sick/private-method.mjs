// holter-expect {"kind":"cpu-bound","functions":["#distance","distance","Matcher.#distance","#best"],"line":20,"lines":[12,13,14,15,16,17,18,19,20,21,22,23,24,25],"load":{"path":"/?q=helo","connections":10}}
import { createServer } from 'node:http';

class Matcher {
  #words;
  #row = new Uint16Array(64);

  constructor(words) {
    this.#words = words;
  }

  #distance(a, b) {
    const row = this.#row;
    for (let j = 0; j <= b.length; j++) row[j] = j;
    for (let i = 1; i <= a.length; i++) {
      let corner = row[0];
      row[0] = i;
      for (let j = 1; j <= b.length; j++) {
        const above = row[j];
        row[j] = Math.min(above + 1, row[j - 1] + 1, corner + (a[i - 1] === b[j - 1] ? 0 : 1));
        corner = above;
      }
    }
    return row[b.length];
  }

  nearest(word) {
    return this.#best(word);
  }

  #best(word) {
    let best = '';
    let least = 99;
    for (const candidate of this.#words) {
      const d = this.#distance(candidate, word);
      if (d < least) [best, least] = [candidate, d];
    }
    return best;
  }
}

const matcher = new Matcher(
  Array.from({ length: 10_000 }, (_, i) => `hello-${(i * 7_919).toString(36)}-world`),
);
const server = createServer((req, res) => {
  res.end(matcher.nearest(new URL(req.url, 'http://x').searchParams.get('q') ?? 'x'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
