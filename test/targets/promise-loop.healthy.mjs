// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const server = createServer((req, res) => {
  let chain = Promise.resolve(0);
  for (let i = 0; i < 50; i++) chain = chain.then((sum) => sum + i);
  chain.then((sum) => res.end(String(sum)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
