// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200},"nodeArgs":["--max-old-space-size=256"]}
import { createServer } from 'node:http';

const cache = Array.from({ length: 550_000 }, (_, i) => ({ id: i, key: i * 2 }));

const server = createServer((req, res) => {
  const page = Array.from({ length: 40 }, (_, i) => ({ text: `${i}:${cache[i].key}` }));
  res.end(String(page.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
