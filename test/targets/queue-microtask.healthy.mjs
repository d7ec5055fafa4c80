// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const server = createServer((req, res) => {
  let left = 20;
  const step = () => {
    if (left-- > 0) queueMicrotask(step);
    else res.end('ok');
  };
  step();
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
