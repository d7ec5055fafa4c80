// holter-expect {"kind":"healthy","load":{"path":"/9","connections":20}}
import { createServer } from 'node:http';

// Three hundred megabytes that never change: large, not growing.
const table = Array.from({ length: 1_600_000 }, (_, id) => ({ id, code: `c${id}`, pair: [id, -id] }));

const server = createServer((req, res) => {
  const row = table[(Number(req.url.slice(1)) * 7_919) % table.length];
  res.end(JSON.stringify(row));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
