// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
'use strict';
const http = require('node:http');

// One small function for each type: V8 optimises each by itself, and a new one disturbs nobody.
const handlers = Array.from({ length: 400 }, (_, type) => {
  const add = (amount, state) => amount + state + type;
  const mix = (amount, state) => (amount ^ state) + type;
  return type % 2 === 0 ? add : mix;
});

const SEEN_PER_SECOND = 8;
const begun = Date.now();

function replay(count) {
  const types = Math.min(handlers.length, 3 + Math.floor(((Date.now() - begun) / 1000) * SEEN_PER_SECOND));
  let state = 0;
  for (let index = 0; index < count; index++) {
    const type = index % 1000 === 0 ? types - 1 : index % 3;
    state = handlers[type](index & 1023, state & 65535);
  }
  return state;
}

const server = http.createServer((_request, response) => {
  response.end(String(replay(20_000)));
});
server.listen(Number(process.env.PORT ?? 0), () => console.log(`listening ${server.address().port}`));
