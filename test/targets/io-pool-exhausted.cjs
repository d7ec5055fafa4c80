// holter-expect {"kind":"io-bound","function":"query","line":35,"load":{"path":"/","connections":10}}
// Requests wait for a database behind a pool of two connections; the database is a process of its own.
const { fork } = require('node:child_process');
const http = require('node:http');
const { Pool, startDatabase } = require('./async/pool-driver.cjs');

async function loadOrders(pool) {
  return pool.query('select orders');
}

if (process.argv[2] === 'database') {
  startDatabase(25).then((port) => process.send(port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['database'], { execArgv: [] });
  child.once('message', async (port) => {
    const pool = new Pool(port, 2);
    await pool.ready;
    const server = http.createServer(async (_request, response) => response.end(await loadOrders(pool)));
    server.listen(Number(process.env.PORT), '127.0.0.1', () =>
      console.log(`listening ${server.address().port}`),
    );
  });
}
