// holter-expect {"kind":"event-loop-blocked","function":"rebuildIndex","line":11,"lines":[7,8,9,10,11,12,13,14,15,16,17],"load":{"path":"/","connections":10,"rate":100}}
import { createServer } from 'node:http';

const words = Array.from({ length: 300_000 }, (_, i) => `w${(i * 48_271) % 90_001}`);
let index = new Map();

function rebuildIndex() {
  const next = new Map();
  for (let round = 0; round < 6; round++) {
    for (const [at, word] of words.entries()) {
      const places = next.get(word);
      if (places === undefined) next.set(word, at);
      else next.set(word, Math.max(places, at));
    }
  }
  index = next;
}

setInterval(rebuildIndex, 2_500);
const server = createServer((req, res) => {
  res.end(String(index.size));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
