// holter-expect {"kind":"upstream-timeout","functions":["withLimit","loadOrders"],"line":10,"lines":[10],"load":{"path":"/","connections":10}}
// A database that hangs now and then; the program races its answer against a timer.
const { fork } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const { Pool } = require('./async/pool-driver.cjs');

function withLimit(answer, ms) {
  const limit = new Promise((_resolve, reject) => {
    setTimeout(reject, ms, new Error(`no answer within ${ms} ms`));
  });
  return Promise.race([answer, limit]);
}

async function loadOrders(pool) {
  return withLimit(pool.query('select orders'), 250);
}

if (process.argv[2] === 'database') {
  let asked = 0;
  const server = net.createServer((socket) => {
    socket.on('data', () => setTimeout(() => socket.write('row'), ++asked % 5 === 0 ? 900 : 5));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['database'], { execArgv: [] });
  child.once('message', async (port) => {
    const pool = new Pool(port, 60);
    await pool.ready;
    const server = http.createServer(async (_request, response) => {
      try {
        response.end(await loadOrders(pool));
      } catch {
        response.writeHead(504).end();
      }
    });
    server.listen(Number(process.env.PORT), '127.0.0.1', () =>
      console.log(`listening ${server.address().port}`),
    );
  });
}
