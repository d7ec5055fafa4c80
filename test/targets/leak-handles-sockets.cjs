// holter-expect {"kind":"leak-handles","functions":["publish"],"line":10,"load":{"path":"/","connections":10}}
'use strict';
const http = require('node:http');
const net = require('node:net');

const bus = net.createServer((socket) => socket.resume());
bus.listen(0, '127.0.0.1');

function publish(text) {
  const socket = net.connect(bus.address().port, '127.0.0.1');
  // Written and forgotten.
  socket.write(text);
}

const server = http.createServer((req, res) => {
  publish(req.url);
  setTimeout(() => res.end('ok'), 100);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
