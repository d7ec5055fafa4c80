// holter-expect {"kind":"microtask-starvation","functions":["consume","heartbeats"],"line":10,"lines":[4,5,6,7,9,10,11,12,13,14],"trigger":"/subscribe"}
import { createServer } from 'node:http';

async function* heartbeats() {
  // Nothing in here ever waits for the outside, so the loop below never lets go.
  for (let n = 0; ; n++) yield { n };
}

async function consume(res) {
  for await (const beat of heartbeats()) {
    if (beat.n < 0) break;
  }
  res.end('done');
}

const server = createServer((req, res) => {
  if (req.url === '/subscribe') void consume(res);
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
