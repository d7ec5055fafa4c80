'use strict';
// Requests that wait for a file, a name, a timer and the pool, one after the other.
const crypto = require('node:crypto');
const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');
const { promisify } = require('node:util');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const lookUp = promisify(dns.lookup);
const derive = promisify(crypto.pbkdf2);

async function readSettings() {
  return fs.promises.readFile(__filename, 'utf8');
}

async function answer() {
  const text = await readSettings();
  await lookUp('localhost');
  await pause(30);
  await derive('secret', 'salt', 20_000, 32, 'sha256');
  return String(text.length);
}

const server = http.createServer(async (_request, response) => {
  // Guards that never fire are no waits.
  const guard = setTimeout(() => response.destroy(), 5000);
  response.end(await answer());
  clearTimeout(guard);
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
