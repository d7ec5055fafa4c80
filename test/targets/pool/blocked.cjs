// All threads of libuv's pool wait for somebody to write into a named pipe; other work queues behind them.
'use strict';
const { open, stat } = require('node:fs');
const { pbkdf2 } = require('node:crypto');
const { lookup } = require('node:dns');
const { gzip } = require('node:zlib');

const pipe = process.argv[2];
const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
for (let i = 0; i < threads; i++) open(pipe, 'r', () => {});
// The pool takes what comes first.
setTimeout(() => {
  for (let i = 0; i < 3; i++) pbkdf2('password', 'salt', 1000, 64, 'sha512', () => {});
  stat('/etc/hosts', () => {});
  lookup('queued.example', () => {});
  gzip(Buffer.alloc(1000), () => {});
  process.stdout.write('ready\n');
}, 100);
setInterval(() => {}, 1000);
