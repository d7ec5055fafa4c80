// holter-expect {"kind":"io-bound","function":"loadPrices","line":8,"load":{"path":"/","connections":10}}
// Each request asks another server, which takes 300 ms.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

async function loadPrices(base) {
  const answer = await fetch(`${base}/prices/42`);
  return answer.json();
}

function serve(base) {
  const server = createServer(async (_request, response) => {
    const prices = await loadPrices(base);
    response.end(JSON.stringify({ total: prices.length }));
  });
  server.listen(Number(process.env.PORT), '127.0.0.1', () =>
    console.log(`listening ${server.address().port}`),
  );
}

if (process.argv[2] === 'upstream') {
  const upstream = createServer((request, response) => {
    setTimeout(() => response.end('[1, 2, 3]'), 300);
  });
  upstream.listen(0, '127.0.0.1', () => process.send(upstream.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(fileURLToPath(import.meta.url), ['upstream'], { execArgv: [] });
  child.once('message', (port) => serve(`http://127.0.0.1:${port}`));
}
