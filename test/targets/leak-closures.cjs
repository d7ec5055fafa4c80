// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["subscribe","onRequest"],"line":8,"lines":[7,8,9,10],"load":{"path":"/","connections":10,"rate":400}}
'use strict';
const http = require('node:http');

const subscribers = [];

function subscribe(url) {
  const payload = url.repeat(50).split('');
  subscribers.push(() => payload.length);
}

const server = http.createServer((req, res) => {
  subscribe(`${req.url}abcdefghijkl`);
  res.end(String(subscribers.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
