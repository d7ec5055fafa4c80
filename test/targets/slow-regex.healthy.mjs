// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const EMAIL = /^[a-z0-9]+@example\.org$/;

const server = createServer((req, res) => {
  res.end(String(EMAIL.test('abcdefghijklmnopqrstuvwx!')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
