// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":400}}
'use strict';
const http = require('node:http');

const subscribers = new Set();

const server = http.createServer((req, res) => {
  const payload = `${req.url}abcdefghijkl`.repeat(50).split('');
  const measure = () => payload.length;
  subscribers.add(measure);
  res.on('close', () => subscribers.delete(measure));
  res.end(String(measure()));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
