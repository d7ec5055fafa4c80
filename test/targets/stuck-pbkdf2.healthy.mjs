// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
import { scrypt } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((req, res) => {
  scrypt('secret', 'salt', 64, { N: 1024 }, (error, key) => res.end(error ? 'no' : key.toString('hex')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
