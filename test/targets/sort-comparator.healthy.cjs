// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
'use strict';
const http = require('node:http');

const places = Array.from({ length: 100 }, (_, i) => ({ id: i, at: (i * 7919) % 107 }));

const server = http.createServer((req, res) => {
  const ranked = places.slice().sort((a, b) => a.at - b.at);
  res.end(String(ranked[0].id));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
