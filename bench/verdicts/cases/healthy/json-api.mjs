// holter-expect {"kind":"healthy","load":{"path":"/report","connections":20}}
import { createServer } from 'node:http';

// About 0.2 ms of JSON per request: a plain API at the end of its capacity is busy, not ill.
const stored = JSON.stringify(
  Array.from({ length: 250 }, (_, id) => ({ id, name: `n${id}`, price: id / 3, ok: id % 2 === 0 })),
);

const server = createServer((req, res) => {
  const rows = JSON.parse(stored);
  for (const row of rows) row.price *= 1.19;
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(rows));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
