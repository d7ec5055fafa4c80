// holter-expect {"kind":"event-loop-stuck","functions":["isTrimmed"],"line":6,"trigger":"/check"}
'use strict';
const http = require('node:http');

function isTrimmed(text) {
  return /^(\w+\s?)*$/.test(text);
}

const server = http.createServer((req, res) => {
  if (req.url === '/check')
    res.end(String(isTrimmed('a quick brown fox jumps over the lazy dog again and again!')));
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
