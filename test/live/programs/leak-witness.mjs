// Leaks of every kind, and tells on /state whether what a visitor may touch is as it was.
import { EventEmitter } from 'node:events';
import fs, { open, openSync } from 'node:fs';
import { createServer } from 'node:http';

const describe = () => ({
  on: EventEmitter.prototype.on,
  addListener: EventEmitter.prototype.addListener,
  prependListener: EventEmitter.prototype.prependListener,
  once: EventEmitter.prototype.once,
  addEventListener: EventTarget.prototype.addEventListener,
  open: fs.open,
  openSync: fs.openSync,
  importedOpen: open,
  importedOpenSync: openSync,
});
const shape = () =>
  JSON.stringify(
    [
      [EventEmitter.prototype, ['on', 'addListener', 'prependListener']],
      [EventTarget.prototype, ['addEventListener']],
      [fs, ['open', 'openSync']],
    ].flatMap(([holder, names]) =>
      names.map((name) => {
        const { enumerable, writable, configurable, value } = Object.getOwnPropertyDescriptor(holder, name);
        return [name, enumerable, writable, configurable, value.name, value.length];
      }),
    ),
  );
const before = describe();
const shapeBefore = shape();
const state = () => ({
  changed: Object.entries(describe())
    .filter(([name, value]) => value !== before[name])
    .map(([name]) => name),
  sameShape: shape() === shapeBefore,
  oneFunction: EventEmitter.prototype.on === EventEmitter.prototype.addListener,
  globals: Object.getOwnPropertySymbols(globalThis)
    .map((symbol) => symbol.description)
    .filter((name) => name?.startsWith('holter')),
});

const feed = new EventEmitter().setMaxListeners(0);
const kept = [];
const server = createServer((req, res) => {
  if (req.url === '/state') return res.end(JSON.stringify(state()));
  feed.on('change', () => {});
  setInterval(() => {}, 1000);
  kept.push(openSync(new URL(import.meta.url)));
  // Heavy enough for the heap to tell in a few seconds.
  const row = new Array(1000).fill(req.url);
  void new Promise((resolve) => kept.push(resolve)).then(() => row.length);
  setTimeout(() => res.end('ok'), 25);
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
