// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
'use strict';
const { spawn } = require('node:child_process');
const http = require('node:http');

const child = spawn('sleep', ['60']);
process.on('SIGTERM', () => {
  child.kill();
  process.exit(0);
});
const server = http.createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
