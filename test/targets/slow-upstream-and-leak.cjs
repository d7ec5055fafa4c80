// holter-expect {"kind":"io-bound","also":["memory-leak-heap"],"function":"loadStock","line":9,"load":{"path":"/","connections":20}}
// Two troubles at once: an upstream that takes 250 ms, and a list that only grows.
const { fork } = require('node:child_process');
const http = require('node:http');

const seen = [];

async function loadStock(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/stock`);
  return answer.text();
}

function remember(headers) {
  seen.push(Array.from({ length: 2000 }, (_, index) => ({ index, host: headers.host })));
}

if (process.argv[2] === 'upstream') {
  const upstream = http.createServer((_request, response) => setTimeout(() => response.end('7'), 250));
  upstream.listen(0, '127.0.0.1', () => process.send(upstream.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['upstream'], { execArgv: [] });
  child.once('message', (port) => {
    const server = http.createServer(async (request, response) => {
      remember(request.headers);
      response.end(await loadStock(port));
    });
    server.listen(Number(process.env.PORT), '127.0.0.1', () =>
      console.log(`listening ${server.address().port}`),
    );
  });
}
