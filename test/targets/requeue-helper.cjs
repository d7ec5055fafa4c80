// holter-expect {"kind":"event-loop-spin","functions":["checkLeases","later"],"line":11,"lines":[7,9,10,11,12],"load":{"path":"/","connections":2,"rate":20}}
'use strict';
const http = require('node:http');

const leases = new Map([['a', Number.POSITIVE_INFINITY]]);

const later = (fn, ...args) => setImmediate(() => fn(...args));

function checkLeases(now) {
  for (const [name, until] of leases) if (until < now) leases.delete(name);
  if (leases.size > 0) later(checkLeases, Date.now());
}

checkLeases(Date.now());
const server = http.createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
