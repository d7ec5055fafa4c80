// holter-expect {"kind":"event-loop-blocked","functions":[],"load":{"path":"/","connections":5}}
import { createServer } from 'node:http';
import { solve } from './queens.js';

const server = createServer((req, res) => {
  res.end(String(solve(9)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});
