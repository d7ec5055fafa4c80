// holter-expect {"kind":"event-loop-stuck","functions":["convert"],"line":7,"trigger":"/convert"}
'use strict';
const { execSync } = require('node:child_process');
const http = require('node:http');

function convert() {
  return execSync('sleep 60').toString();
}

const server = http.createServer((req, res) => {
  if (req.url === '/convert') res.end(convert());
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
