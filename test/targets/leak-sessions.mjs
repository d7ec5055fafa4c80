// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["openSession"],"line":9,"lines":[7,8,9,10,11,12],"load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

const sessions = new Map();
let count = 0;

function openSession(url) {
  const id = `s${count++}`;
  const session = { id, url, history: new Array(600).fill(count), opened: Date.now() };
  sessions.set(id, session);
  return session;
}

const server = createServer((req, res) => {
  res.end(openSession(req.url).id);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
