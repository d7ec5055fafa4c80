// Serves, and holds what a core should have: instances, a worker, and as many MB of one Buffer as it is told.
// test/live/core-take.test.ts takes cores of it.
'use strict';
const { createServer } = require('node:http');
const { Worker } = require('node:worker_threads');

class Book {
  constructor(number) {
    this.number = number;
    this.title = `book ${number}`;
  }
}

const shelf = { books: [], scan: Buffer.alloc(Number(process.argv[2] ?? 0) * 2 ** 20, 7) };
for (let number = 0; number < 5000; number++) shelf.books.push(new Book(number));
globalThis.shelf = shelf;
const worker = new Worker(
  'setInterval(() => {}, 1e6); require("node:worker_threads").parentPort.postMessage("up")',
  {
    eval: true,
  },
);
worker.once('message', () => {
  const server = createServer((_request, response) => response.end(String(shelf.books.length)));
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
    console.log(`listening ${server.address().port}`),
  );
});
