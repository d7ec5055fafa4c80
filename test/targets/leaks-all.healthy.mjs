// holter-expect {"kind":"healthy","load":{"path":"/","connections":30}}
import { EventEmitter } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

class Feed extends EventEmitter {}
const feed = new Feed().setMaxListeners(0);
const stopping = new AbortController();
const log = new URL(import.meta.url);
const cache = new Map();
const waiting = new Map();
let count = 0;

for (let i = 0; i < 15; i++) feed.on('change', () => {});
setInterval(() => {
  for (const [id, resolve] of waiting) resolve(waiting.delete(id));
}, 300);
(function poll() {
  setTimeout(poll, 250);
})();

// Their number follows the load and stays there.
function remember(key) {
  cache.set(
    key,
    setTimeout(() => cache.delete(key), 900),
  );
}

function follow(res) {
  const onChange = () => res.end('changed');
  const beat = setInterval(() => {}, 200);
  feed.once('change', onChange);
  stopping.signal.addEventListener('abort', onChange);
  res.on('close', () => {
    clearInterval(beat);
    feed.off('change', onChange);
    stopping.signal.removeEventListener('abort', onChange);
  });
}

const acknowledged = (id) => new Promise((resolve) => waiting.set(id, resolve));

async function record(url) {
  return `${url} ${await acknowledged(count++)}`;
}

// As many connections as the load needs at once, and no more.
const agent = new Agent({ keepAlive: true });
const upstream = createServer((req, res) => setTimeout(() => res.end('price'), 40));
upstream.listen(0, '127.0.0.1');
const price = () =>
  new Promise((resolve) =>
    get({ port: upstream.address().port, agent }, (answer) => answer.resume().on('end', resolve)),
  );

const server = createServer(async (req, res) => {
  remember(count++);
  follow(res);
  record(req.url);
  setTimeout(() => {}, 30_000);
  AbortSignal.timeout(60_000);
  const file = await open(log);
  for await (const _ of createReadStream(log)) break;
  // The loser of a race stays pending, but nobody holds it.
  await Promise.race([new Promise(() => {}), sleep(10)]);
  await price();
  await file.close();
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
