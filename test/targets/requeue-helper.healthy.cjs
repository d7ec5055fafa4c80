// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
'use strict';
const http = require('node:http');

const leases = new Map([['a', Number.POSITIVE_INFINITY]]);

function checkLeases() {
  for (const [name, until] of leases) if (until < Date.now()) leases.delete(name);
  setTimeout(checkLeases, 100);
}

checkLeases();
const server = http.createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
