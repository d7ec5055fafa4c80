// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

// Waits on an input that never comes, without holding anything up.
createInterface({ input: process.stdin }).on('line', () => {});
const server = createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
