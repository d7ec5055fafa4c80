// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
import { createServer } from 'node:http';

// A long computation cut into slices of two milliseconds, each in a turn of its own; then it rests.
function sumInSlices(limit, done) {
  let n = 0;
  let sum = 0;
  const slice = () => {
    const until = performance.now() + 2;
    while (n < limit && performance.now() < until) for (let k = 0; k < 1_000; k++) sum += Math.sqrt(n++);
    if (n < limit) setImmediate(slice);
    else done(sum);
  };
  slice();
}

const again = () => sumInSlices(500_000_000, () => setTimeout(again, 1_500));
again();
const server = createServer((req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
