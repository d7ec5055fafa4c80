// holter-expect {"kind":"out-of-memory-risk","kinds":["memory-leak-heap"],"functions":["remember"],"line":7,"lines":[6,7,8],"load":{"path":"/","connections":10,"rate":200},"nodeArgs":["--max-old-space-size=160"]}
import { createServer } from 'node:http';

const memory = [];

function remember(n) {
  memory.push(Array.from({ length: 300 }, (_, i) => ({ n, i })));
}

let count = 0;
const server = createServer((req, res) => {
  remember(count++);
  res.end(String(memory.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
