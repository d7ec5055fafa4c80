// holter-expect {"kind":"healthy","load":{"path":"/","connections":2,"rate":20}}
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

let connected = false;
setTimeout(() => {
  connected = true;
}, 20_000);

async function waitUntilConnected() {
  while (!connected) await delay(10);
}

void waitUntilConnected();
const server = createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
