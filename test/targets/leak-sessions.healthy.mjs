// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

const sessions = new Map();
let count = 0;

const server = createServer((req, res) => {
  const id = `s${count++}`;
  sessions.set(id, { id, history: new Array(600).fill(count) });
  if (sessions.size > 200) sessions.delete(sessions.keys().next().value);
  res.end(id);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
