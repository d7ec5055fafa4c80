// holter-expect {"kind":"leak-timers","functions":["track"],"line":13,"load":{"path":"/","connections":4},"also":["leak-listeners","leak-promises","leak-handles","memory-leak-heap"]}
import { EventEmitter } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:http';

class Feed extends EventEmitter {}
const feed = new Feed().setMaxListeners(0);
const waiting = new Map();
const log = new URL(import.meta.url);
let count = 0;

function track(session) {
  setInterval(() => session.beat++, 1000);
}

function follow(res) {
  feed.on('change', () => res.writableEnded || res.end('changed'));
}

const acknowledged = (id) => new Promise((resolve) => waiting.set(id, resolve));

async function record(url, row = new Array(1000).fill(url)) {
  const done = await acknowledged(count++);
  return `${url} ${done} ${row.length}`;
}

function lastLine() {
  return openSync(log, 'r');
}

const server = createServer((req, res) => {
  track({ url: req.url, beat: 0 });
  follow(res);
  record(req.url);
  lastLine();
  setTimeout(() => res.end('ok'), 40);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
