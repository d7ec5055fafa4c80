// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const live = Array.from({ length: 400_000 }, (_, i) => ({ id: i, owner: `u${i}` }));

const server = createServer((req, res) => {
  res.end(live[req.url.length * 1_000].owner);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
