// holter-expect {"kind":"healthy","once":true,"wait":100,"load":{"path":"/","connections":10,"rate":300}}
import { createServer } from 'node:http';

// Reads its catalogue in slices during the first two seconds after it listens; then it only serves.
const catalogue = new Map();
let next = 0;
const loading = setInterval(() => {
  for (let i = 0; i < 3_000; i++, next++) catalogue.set(next, { id: next, title: `title ${next}` });
  if (next >= 200_000) clearInterval(loading);
}, 20);

const server = createServer((req, res) => res.end(catalogue.get(17)?.title ?? 'soon'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
