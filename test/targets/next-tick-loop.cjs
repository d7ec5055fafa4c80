// holter-expect {"kind":"microtask-starvation","functions":["flush"],"line":8,"lines":[7,8,9],"trigger":"/start"}
'use strict';
const http = require('node:http');

const pending = ['never written'];

function flush() {
  if (pending.length > 0) process.nextTick(flush);
}

const server = http.createServer((req, res) => {
  if (req.url === '/start') flush();
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
