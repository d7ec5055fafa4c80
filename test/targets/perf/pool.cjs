// Known work for the kernel's tracer: eight equal tasks at a time for four threads, collections, files, a blocked loop, waits.
'use strict';
const { pbkdf2 } = require('node:crypto');
const { readFile } = require('node:fs');
const rounds = { tasks: 0, collections: 0, files: 0, blocked: 0 };
function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
function round() {
  let left = 8;
  for (let i = 0; i < 8; i++)
    pbkdf2('secret', 'salt', 20_000, 32, 'sha256', () => {
      rounds.tasks++;
      if (--left === 0) setTimeout(round, 20);
    });
  readFile(__filename, () => rounds.files++);
  globalThis.gc();
  rounds.collections++;
  block(30);
  rounds.blocked++;
}
setTimeout(round, 10);
process.on('message', () => process.send(rounds));
console.log('ready');
