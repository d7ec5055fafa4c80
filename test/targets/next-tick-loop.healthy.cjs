// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
'use strict';
const http = require('node:http');

const server = http.createServer((req, res) => {
  process.nextTick(() => process.nextTick(() => process.nextTick(() => res.end('ok'))));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
