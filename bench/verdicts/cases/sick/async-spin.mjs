// holter-expect {"kind":"event-loop-spin","functions":["pump","idle"],"line":10,"lines":[7,8,9,10,11,12],"load":{"path":"/","connections":2,"rate":10}}
import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

const inbox = [];

async function pump() {
  for (;;) {
    while (inbox.length > 0) inbox.shift()();
    await turn();
  }
}

void pump();
const server = createServer((req, res) => inbox.push(() => res.end('ok')));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
