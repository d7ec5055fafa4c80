// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
'use strict';
const http = require('node:http');

const headers = [];

const server = http.createServer((req, res) => {
  const block = Buffer.allocUnsafe(48 * 1024).fill(7);
  headers.push(Buffer.from(block.subarray(0, 16)));
  if (headers.length > 1_000) headers.shift();
  res.end(String(headers.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
