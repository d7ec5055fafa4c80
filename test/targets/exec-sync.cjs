// holter-expect {"kind":"event-loop-blocked","function":"diskUsage","line":7,"load":{"path":"/","connections":4}}
'use strict';
const { execSync } = require('node:child_process');
const http = require('node:http');

function diskUsage() {
  return execSync('sleep 0.15; echo 42').toString();
}

const server = http.createServer((req, res) => {
  res.end(diskUsage());
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
