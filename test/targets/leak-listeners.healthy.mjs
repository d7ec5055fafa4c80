// holter-expect {"kind":"healthy","load":{"path":"/","connections":20,"rate":200}}
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';

class Feed extends EventEmitter {}
const feed = new Feed().setMaxListeners(0);
const stopping = new AbortController();
for (let i = 0; i < 15; i++) feed.on('change', () => {});

function follow(res) {
  const onChange = () => res.writableEnded || res.end('changed');
  feed.once('change', onChange);
  stopping.signal.addEventListener('abort', onChange);
  res.on('close', () => {
    feed.off('change', onChange);
    stopping.signal.removeEventListener('abort', onChange);
  });
}

const server = createServer((req, res) => {
  follow(res);
  setTimeout(() => res.end('ok'), 80);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
