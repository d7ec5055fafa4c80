// holter-expect {"kind":"gc-pressure","also":["event-loop-blocked","cpu-bound"],"functions":["copyOrders"],"line":10,"lines":[8,9,10,11,12],"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

// A large live heap makes each old-space collection dear; short-lived copies of it force many.
const live = Array.from({ length: 400_000 }, (_, i) => ({ id: i, owner: `u${i}`, lines: [i, i + 1] }));
const recent = [];

function copyOrders() {
  const copy = [];
  for (let i = 0; i < 20_000; i++) copy.push({ ...live[(i * 17) % live.length], note: `n${i}` });
  return copy;
}

const server = createServer((req, res) => {
  recent.push(copyOrders());
  if (recent.length > 12) recent.shift();
  res.end(String(recent.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
