'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on('listening', (_, { port }) => {
    if (++listening === 2) console.log(`listening ${port}`);
  });
  for (let i = 0; i < 2; i++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  http.createServer((_, response) => response.end(`worker ${cluster.worker.id}`)).listen(0, '127.0.0.1');
}
