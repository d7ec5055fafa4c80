'use strict';
// Requests that ask another server twice, by fetch and by node:http; it is a process of its own and slower than our work.
const { fork } = require('node:child_process');
const http = require('node:http');

if (process.argv[2] === 'upstream') {
  const upstream = http.createServer((request, response) => {
    setTimeout(() => response.end('[]'), request.url.startsWith('/prices') ? 40 : 15);
  });
  upstream.listen(0, '127.0.0.1', () => process.send(upstream.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['upstream'], { execArgv: [] });
  child.once('message', (port) => serve(`http://127.0.0.1:${port}`));
}

function serve(base) {
  async function loadPrices(id) {
    const answer = await fetch(`${base}/prices/${id}?currency=eur`);
    return answer.text();
  }

  function loadStock(id) {
    return new Promise((resolve, reject) => {
      http
        .get(`${base}/stock/${id}`, (answer) => {
          answer.resume().on('end', resolve);
        })
        .on('error', reject);
    });
  }

  let next = 1;
  const server = http.createServer(async (_request, response) => {
    const id = next++;
    await loadPrices(id);
    await loadStock(id);
    response.end('{}');
  });
  server.listen(Number(process.env.PORT), '127.0.0.1', () =>
    console.log(`listening ${server.address().port}`),
  );
}
