// Threads of all kinds in native code: main in a child process's pipe or idle, a worker that waits, the pool in crypto.
'use strict';
const { execSync } = require('node:child_process');
const { pbkdf2 } = require('node:crypto');
const { Worker } = require('node:worker_threads');

for (let i = 0; i < 4; i++) pbkdf2('password', 'salt', 1e9, 64, 'sha512', () => {});
const worker = new Worker('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', { eval: true });
worker.on('online', () => {
  process.stdout.write('ready\n', () => {
    if (process.argv[2] === 'exec') execSync('exec sleep 600');
  });
});
setInterval(() => {}, 1000);
