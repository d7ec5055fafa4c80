// holter-expect {"kind":"event-loop-blocked","functions":["isHostName"],"line":8,"load":{"path":"/","connections":6}}
import { createServer } from 'node:http';

let count = 0;
const HOST = /^(?:[\w-]+\.?)+$/;

function isHostName(text) {
  return HOST.test(text);
}

const server = createServer((req, res) => {
  res.end(String(isHostName(`abcdefghijklmnopqrst${count++ % 100}!`)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
