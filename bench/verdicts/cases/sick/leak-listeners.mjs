// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk","leak-listeners"],"functions":["onSettings","greet"],"line":9,"lines":[8,9,10,11,12],"load":{"path":"/","connections":10,"rate":400}}
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';

const settings = new EventEmitter();
settings.setMaxListeners(0);

function greet(req) {
  const words = Array.from({ length: 300 }, (_, i) => `${req.url}${i}`);
  settings.on('change', () => words.reverse());
  return words.length;
}

const server = createServer((req, res) => {
  res.end(String(greet(req)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
