// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

const cache = Object.create(null);

function render(key) {
  cache[key] ??= { key, parts: key.repeat(200).split('-') };
  return cache[key];
}

let count = 0;
const server = createServer((req, res) => {
  res.end(render(`${req.url}-${count++ % 100}`).key);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
