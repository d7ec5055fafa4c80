// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
'use strict';
const http = require('node:http');

function makeChecksum(seed) {
  const table = Int32Array.from({ length: 256 }, (_, i) => (i * seed) | 0);
  return (bytes) => {
    let value = seed;
    for (let i = 0; i < bytes.length; i++) value = table[(value ^ bytes[i]) & 255] ^ (value >>> 8);
    return value >>> 0;
  };
}

const checksum = makeChecksum(0x1edc6f41);
const body = Buffer.alloc(2_000, 'body');
const server = http.createServer((req, res) => {
  res.end(String(checksum(body)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
