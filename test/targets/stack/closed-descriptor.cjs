// A helper process gets the socket of a connection, and the descriptor is then closed behind the socket's back. The kernel
// goes on telling epoll about it, for the helper has it open; libuv knows no such descriptor and cannot take it out: the
// loop turns without rest, and no JavaScript runs.
'use strict';
const { spawn } = require('node:child_process');
const { closeSync } = require('node:fs');
const net = require('node:net');

let client;
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    const { fd } = socket._handle;
    // It ends with us: its stdin is ours to close.
    const helper = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore', fd] });
    helper.once('spawn', () => {
      closeSync(fd);
      client.write('more', () => process.stdout.write('ready'));
    });
  });
});
server.listen(0, '127.0.0.1', () => {
  client = net.connect(server.address().port, '127.0.0.1', () => client.write('first'));
  client.on('error', () => {});
});
