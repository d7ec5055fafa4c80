// Has its own handler for SIGUSR1, as programs do that reopen their logs on it: the inspector cannot be had by a signal.
// `/` computes for a while, `/stuck` for ever.
'use strict';
const { createServer } = require('node:http');
process.on('SIGUSR1', () => {});

function burn(ms) {
  const until = performance.now() + ms;
  let sum = 0;
  while (performance.now() < until) sum += Math.sqrt(sum + 1);
  return sum;
}

function spin(step) {
  for (let sum = 0; ; sum += step) if (sum < 0) return sum;
}

const server = createServer((req, res) => {
  if (req.url === '/stuck') spin(7);
  res.end(String(burn(40)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
