// holter-expect {"kind":"event-loop-stuck","functions":["nextFreeSlot"],"line":9,"lines":[7,8,9,10,11],"trigger":"/book"}
import { createServer } from 'node:http';

const taken = new Uint8Array(64).fill(1);

function nextFreeSlot(from) {
  let slot = from;
  for (;;) {
    if (taken[slot & 63] === 0) return slot;
    slot++;
  }
}

const server = createServer((req, res) => {
  if (req.url === '/book') res.end(String(nextFreeSlot(3)));
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
