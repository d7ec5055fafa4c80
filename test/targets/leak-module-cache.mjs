// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["render"],"line":8,"lines":[6,7,8,9,10,11],"load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

const cache = Object.create(null);

function render(key) {
  if (cache[key] === undefined) {
    cache[key] = { key, parts: key.repeat(200).split('-') };
  }
  return cache[key];
}

let count = 0;
const server = createServer((req, res) => {
  // The key holds the time, so no entry is ever asked for twice.
  res.end(render(`${req.url}-${Date.now()}-${count++}`).key);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
