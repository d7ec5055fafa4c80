// holter-expect {"kind":"healthy","load":{"loader":"event-stream.mjs","connections":200}}
import { createServer } from 'node:http';

const listeners = new Set();
let n = 0;
setInterval(() => {
  n++;
  for (const res of listeners) res.write(`data: ${n}\n\n`);
}, 200);

const server = createServer((req, res) => {
  res.setHeader('content-type', 'text/event-stream');
  listeners.add(res);
  res.on('close', () => listeners.delete(res));
  res.write(': hello\n\n');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
