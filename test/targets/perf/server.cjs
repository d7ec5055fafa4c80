// An HTTP server that asks itself: JSON, sorting, regular expressions, hashes, files and compression behind one route.
'use strict';
const { createHash } = require('node:crypto');
const { readFile } = require('node:fs/promises');
const { Agent, createServer, get } = require('node:http');
const { gzip } = require('node:zlib');
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
function makeRows() {
  const rows = [];
  for (let i = 0; i < 300; i++) rows.push({ id: i, name: `n${i}`, tags: [1, 2, 3] });
  return JSON.parse(JSON.stringify(rows));
}
function sortRows(rows) {
  return rows.sort((a, b) => ((a.id * 7919) % 1009) - ((b.id * 7919) % 1009));
}
function findWords(text) {
  return text.match(/(\d+)-(\w+)-([a-z]*)/g)?.length ?? 0;
}
class Handler {
  async handle(request, response) {
    const rows = sortRows(makeRows());
    const words = findWords('x'.repeat(500) + '123-abc-def '.repeat(20));
    const digest = createHash('sha256').update('y'.repeat(20_000)).digest('hex');
    const file = await readFile(__filename);
    const packed = await new Promise((resolve) => gzip(file, (_, bytes) => resolve(bytes)));
    response.end(`${fib(15)} ${rows.length} ${words} ${digest} ${packed.length}`);
  }
}
const handler = new Handler();
const server = createServer((request, response) => handler.handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const agent = new Agent({ keepAlive: true });
  const { port } = server.address();
  const ask = () =>
    get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', ask)).on('error', ask);
  for (let i = 0; i < 4; i++) ask();
  console.log('ready');
});
