// holter-expect {"kind":"healthy","once":true,"wait":0,"load":{"path":"/","connections":5,"rate":50}}
import { createServer } from 'node:http';

const server = createServer((req, res) => res.end('new here'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
