// Keeps every session for ever, and loops for ever when asked for /search. test/live/doctor-core.test.ts takes cores of it.
'use strict';
const { createServer } = require('node:http');

class Session {
  constructor(id) {
    this.id = id;
    this.seen = [id];
  }
}

const store = { sessions: new Map() };

function fill(count) {
  for (let id = 0; id < count; id++) store.sessions.set(id, new Session(id));
}

function search(wanted) {
  let tries = 0;
  // The loop must stay on one line: the test knows its number.
  for (let at = 0; at !== wanted; at += 2) tries += at & 1;
  return tries;
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://local');
  if (pathname === '/search') response.end(String(search(Number(searchParams.get('wanted')))));
  else response.end(String(store.sessions.size));
});
fill(Number(process.argv[2] ?? 0));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
  console.log(`listening ${server.address().port}`),
);
