// holter-expect {"kind":"upstream-timeout","function":"loadStock","line":8,"lines":[7,8,9,10,11],"load":{"path":"/","connections":10}}
// node:http with its `timeout` option; the other server does not answer one in four.
const { fork } = require('node:child_process');
const http = require('node:http');

function loadStock(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path: '/stock', timeout: 300 }, (answer) =>
      answer.resume().on('end', resolve),
    );
    request.on('timeout', () => request.destroy(new Error('stock does not answer')));
    request.on('error', reject);
  });
}

if (process.argv[2] === 'upstream') {
  let asked = 0;
  const upstream = http.createServer((_request, response) => {
    if (++asked % 4 !== 0) setTimeout(() => response.end('7'), 10);
  });
  upstream.listen(0, '127.0.0.1', () => process.send(upstream.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['upstream'], { execArgv: [] });
  child.once('message', (port) => {
    const server = http.createServer((_request, response) => {
      loadStock(port).then(
        () => response.end('{}'),
        () => response.writeHead(504).end(),
      );
    });
    server.listen(Number(process.env.PORT), '127.0.0.1', () =>
      console.log(`listening ${server.address().port}`),
    );
  });
}
