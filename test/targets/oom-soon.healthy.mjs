// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200},"nodeArgs":["--max-old-space-size=160"]}
import { createServer } from 'node:http';

const memory = [];
let count = 0;

const server = createServer((req, res) => {
  memory.push(Array.from({ length: 300 }, (_, i) => ({ count, i })));
  if (memory.length > 500) memory.shift();
  res.end(String(count++));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
