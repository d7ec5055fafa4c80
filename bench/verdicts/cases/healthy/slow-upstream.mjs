// holter-expect {"kind":"healthy","also":["io-bound"],"load":{"path":"/","connections":20}}
import { createServer, get } from 'node:http';

// Waits for somebody else: slow for its users, and not its own fault.
const upstream = createServer((req, res) => setTimeout(() => res.end('slow'), 100));
await new Promise((ready) => upstream.listen(0, '127.0.0.1', ready));

const server = createServer((req, res) => {
  get({ port: upstream.address().port, host: '127.0.0.1' }, (answer) => answer.pipe(res));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
