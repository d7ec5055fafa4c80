// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
'use strict';
const http = require('node:http');

const visits = Array.from({ length: 20_000 }, (_, i) => i % 97);
let total = 0;

// A few milliseconds each second: noticed by nobody.
setInterval(() => {
  total = visits.reduce((sum, ms) => sum + ms, 0);
}, 1_000);
const server = http.createServer((req, res) => res.end(String(total)));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
