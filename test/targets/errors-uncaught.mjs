// holter-expect {"kind":"application-errors","function":"readMessage","line":9,"load":{"path":"/","connections":2,"rate":50}}
// A queue of jobs throws into nobody's hands, and the program is told to go on.
import { createServer } from 'node:http';

process.on('uncaughtException', () => {});

const messages = ['{"id":1}', 'null', '{"id":2}'];
function readMessage(text) {
  return JSON.parse(text).id;
}

let next = 0;
setInterval(() => readMessage(messages[next++ % messages.length]), 60);

const server = createServer((_request, response) => response.end('ok'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
