// holter-expect {"kind":"healthy","load":{"path":"/check","connections":10}}
'use strict';
const http = require('node:http');

const server = http.createServer((req, res) => {
  res.end(String(/^\w+(?:\s\w+)*$/.test('a quick brown fox jumps over the lazy dog again and again!')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
