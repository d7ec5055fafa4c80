// Healthy: a small service that has answered some requests and idles.
const http = require('node:http');
const { EventEmitter } = require('node:events');

const routes = new Map([
  ['/', () => 'hello'],
  ['/time', () => String(Date.now())],
]);
const recent = [];
const bus = new EventEmitter();
bus.on('request', (url) => {
  recent.push({ url, at: Date.now() });
  if (recent.length > 100) recent.shift();
});
const server = http.createServer((request, response) => {
  bus.emit('request', request.url);
  response.end((routes.get(request.url) ?? (() => 'none'))());
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  for (let count = 0; count < 200; count++)
    await new Promise((resolve) => {
      http.get({ port, path: count % 2 ? '/' : '/time' }, (response) => response.resume().on('end', resolve));
    });
  setTimeout(() => {
    require('node:v8').writeHeapSnapshot(process.argv[2]);
    process.exit();
  }, 50);
});
