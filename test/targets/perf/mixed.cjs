// JavaScript, V8's builtins, OpenSSL, zlib in the pool, system calls and collections, in known functions.
'use strict';
const { createHash } = require('node:crypto');
const { gzip } = require('node:zlib');
const { readFileSync } = require('node:fs');
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
function jsonWork() {
  const rows = [];
  for (let i = 0; i < 300; i++) rows.push({ id: i, name: `n${i}`, tags: [1, 2, 3] });
  return JSON.parse(JSON.stringify(rows)).length;
}
function sortWork() {
  const list = [];
  for (let i = 0; i < 3000; i++) list.push((i * 7919) % 1009);
  return list.sort((a, b) => a - b)[5];
}
function hashWork() {
  let digest = '';
  for (let i = 0; i < 20; i++) digest = createHash('sha256').update('x'.repeat(20_000)).digest('hex');
  return digest;
}
function readWork() {
  return readFileSync(__filename).length;
}
function turn() {
  fib(18);
  jsonWork();
  sortWork();
  hashWork();
  readWork();
  gzip('y'.repeat(20_000), () => setImmediate(turn));
}
turn();
console.log('ready');
