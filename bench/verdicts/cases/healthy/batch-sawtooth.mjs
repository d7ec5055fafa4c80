// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

// Collects events and writes them off every second: used heap is a saw, its lows stay where they are.
let batch = [];
let written = 0;
setInterval(() => {
  written += batch.length;
  batch = [];
}, 1_000);

const server = createServer((req, res) => {
  batch.push({ url: req.url, fields: Array.from({ length: 200 }, (_, i) => ({ i })) });
  res.end(String(written));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
