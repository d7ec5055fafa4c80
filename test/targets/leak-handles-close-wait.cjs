// holter-expect {"kind":"leak-handles","functions":[],"line":0,"load":{"path":"/","connections":5,"rate":50}}
'use strict';
const http = require('node:http');
const net = require('node:net');

// Whoever connects may close its side; this one never does.
const legacy = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {});
  socket.resume();
});
legacy.listen(0, '127.0.0.1');

// The clients, which live elsewhere.
if (process.argv[2] === undefined) {
  const { spawn } = require('node:child_process');
  legacy.on('listening', () => {
    const client = spawn(process.execPath, [__filename, String(legacy.address().port)], { stdio: 'ignore' });
    process.on('exit', () => client.kill());
    process.on('SIGTERM', () => process.exit());
  });
  const server = http.createServer((req, res) => res.end('ok'));
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`listening ${server.address().port}`);
  });
} else {
  legacy.close();
  const port = Number(process.argv[2]);
  setInterval(
    () =>
      net
        .connect(port, '127.0.0.1')
        .on('error', () => process.exit())
        .end('bye'),
    20,
  );
}
