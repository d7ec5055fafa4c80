// holter-expect {"kind":"healthy","load":{"path":"/","connections":4,"rate":4}}
'use strict';
const { exec } = require('node:child_process');
const http = require('node:http');

const server = http.createServer((req, res) => {
  exec('echo 42', (error, stdout) => res.end(error ? 'no' : stdout));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
