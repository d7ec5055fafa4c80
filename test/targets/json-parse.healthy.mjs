// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const text = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `article ${id}` })));

const server = createServer((req, res) => {
  const items = JSON.parse(text);
  res.end(String(items.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
