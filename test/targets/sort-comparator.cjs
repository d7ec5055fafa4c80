// holter-expect {"kind":"event-loop-blocked","functions":["rank","byDistance"],"line":12,"lines":[7,8,9,12],"load":{"path":"/","connections":6}}
'use strict';
const http = require('node:http');

const places = Array.from({ length: 200_000 }, (_, i) => ({ id: i, at: (i * 7919) % 200_003 }));

function byDistance(a, b) {
  return Math.abs(a.at - 100_000) - Math.abs(b.at - 100_000) || a.id - b.id;
}

function rank() {
  return places.slice().sort(byDistance);
}

const server = http.createServer((req, res) => {
  res.end(String(rank()[0].id));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
