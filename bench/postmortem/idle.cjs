// An idle server that holds some MB of small objects, and knows how long it was not served by its own loop.
'use strict';
const rows = [];
const wanted = Number(process.argv[2] ?? 0) * 2 ** 20;
while (wanted > 0 && process.memoryUsage().heapUsed < wanted)
  for (let number = 0; number < 20_000; number++)
    rows.push({ id: number, name: `row ${number}`, tags: [number, `${number}`] });
let last = performance.now();
let gap = 0;
setInterval(() => {
  const now = performance.now();
  gap = Math.max(gap, now - last);
  last = now;
}, 1);
process.on('message', (word) => {
  if (word === 'reset') gap = 0;
  process.send({ gap, rows: rows.length });
});
require('node:http')
  .createServer((_request, response) => response.end('ok'))
  .listen(0, '127.0.0.1', () => process.send({ gap }));
