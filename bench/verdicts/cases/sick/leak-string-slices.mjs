// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["fetchPage","titleOf"],"line":9,"lines":[7,8,9,10,12,13,14,15],"load":{"path":"/","connections":5,"rate":100}}
import { createServer } from 'node:http';

const titles = new Set();
let count = 0;

function fetchPage() {
  const text = `<title>page number ${count++} of the archive</title> and more text `;
  return Buffer.alloc(60_000, text).toString('latin1');
}

function titleOf(page) {
  // A slice of a long string keeps the long string.
  return page.slice(7, 40);
}

const server = createServer((req, res) => {
  titles.add(titleOf(fetchPage()));
  res.end(String(titles.size));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
