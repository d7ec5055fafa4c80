// holter-expect {"kind":"memory-leak-external","functions":["readHeader"],"line":8,"lines":[7,8,9,10,11],"load":{"path":"/","connections":10,"rate":200}}
'use strict';
const http = require('node:http');

const headers = [];

function readHeader() {
  const block = Buffer.allocUnsafe(48 * 1024).fill(7);
  // Sixteen bytes that hold the whole block.
  return block.subarray(0, 16);
}

const server = http.createServer((req, res) => {
  headers.push(readHeader());
  res.end(String(headers.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
