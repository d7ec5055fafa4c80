// holter-expect {"kind":"healthy","load":{"path":"/book","connections":10}}
import { createServer } from 'node:http';

const taken = new Uint8Array(64).fill(1);

function nextFreeSlot(from) {
  for (let slot = from; slot < from + taken.length; slot++) if (taken[slot & 63] === 0) return slot;
  return -1;
}

const server = createServer((req, res) => {
  res.end(String(nextFreeSlot(3)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
