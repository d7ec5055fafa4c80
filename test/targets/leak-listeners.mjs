// holter-expect {"kind":"leak-listeners","functions":["follow"],"line":9,"load":{"path":"/","connections":10},"also":["memory-leak-heap"]}
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';

class Feed extends EventEmitter {}
const feed = new Feed().setMaxListeners(0);

function follow(res) {
  feed.on('change', () => res.writableEnded || res.end('changed'));
}

const server = createServer((req, res) => {
  follow(res);
  setTimeout(() => res.end('ok'), 50);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
