// holter-expect {"kind":"gc-pressure","kinds":["out-of-memory-risk"],"functions":["buildPage"],"line":10,"lines":[8,9,10,11,12],"load":{"path":"/","connections":10},"nodeArgs":["--max-old-space-size=96"]}
import { createServer } from 'node:http';

// Lives close under its own heap limit: every page ends in mark-compact.
const cache = Array.from({ length: 550_000 }, (_, i) => ({ id: i, key: i * 2 }));
const window = [];

function buildPage(n) {
  const page = [];
  for (let i = 0; i < 4_000; i++) page.push({ n, text: `${i}:${cache[i].key}` });
  return page;
}

let count = 0;
const server = createServer((req, res) => {
  window.push(buildPage(count++));
  if (window.length > 20) window.shift();
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
