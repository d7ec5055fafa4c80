// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
import { createServer } from 'node:http';

const server = createServer((req, res) => {
  const body = Buffer.alloc(32 * 1024, 1);
  res.end(body);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
