// A server with one path for every way to answer; STALL_MS of each STALL_EVERY_MS its loop stands still.
const { createServer } = require('node:http');
const net = require('node:net');

let count = 0;
const server = createServer((request, response) => {
  const [, what, value] = request.url.split('/');
  count++;
  if (what === 'status') response.writeHead(Number(value)).end('told so');
  else if (what === 'mixed' && count % 4 === 0) response.writeHead(503).end('busy');
  else if (what === 'close') response.writeHead(200, { connection: 'close', 'content-length': 2 }).end('ok');
  else if (what === 'reset') count % 3 === 0 ? request.socket.destroy() : response.end('ok');
  else if (what === 'never') return;
  else if (what === 'seldom') count % 20 === 0 || response.end('ok');
  else if (what === 'slow') setTimeout(() => response.end('ok'), Number(value));
  else if (what === 'hints')
    response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('ok'));
  else if (what === 'count') response.end(String(count));
  else if (what === 'echo') {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      last = { method: request.method, headers: request.headers, body };
      response.end('ok');
    });
  } else if (what === 'last') response.end(JSON.stringify(last));
  else response.end('ok');
});
let last = {};

// Answers that http.Server would not give.
const raw = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const path = String(chunk).split(' ')[1];
    if (path === '/garbage') socket.write('hello, this is not HTTP\r\n\r\n');
    else if (path === '/unsized') socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end');
    else if (path === '/twice') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'.repeat(2));
    else socket.end();
  });
});

const every = Number(process.env.STALL_EVERY_MS ?? 0);
if (every > 0)
  setInterval(() => {
    const end = performance.now() + Number(process.env.STALL_MS);
    while (performance.now() < end);
  }, every);
raw.listen(0, '127.0.0.1', () => {
  console.log(`raw ${raw.address().port}`);
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
});
