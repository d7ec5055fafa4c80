// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":50}}
// A queue of jobs with messages that cannot be read; they are put aside where they are met.
import { createServer } from 'node:http';

process.on('uncaughtException', () => {});

const messages = ['{"id":1}', 'null', '{"id":2}'];
function readMessage(text) {
  return JSON.parse(text)?.id ?? 0;
}

let next = 0;
setInterval(() => readMessage(messages[next++ % messages.length]), 60);

const server = createServer((_request, response) => response.end('ok'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
