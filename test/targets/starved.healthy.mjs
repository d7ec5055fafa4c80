// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const items = Array.from({ length: 300 }, (_, id) => ({ id, name: `n${id}` }));

const server = createServer((req, res) => {
  res.end(JSON.stringify(items));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
