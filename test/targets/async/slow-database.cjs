'use strict';
// Requests wait for a database behind a pool of two connections; the database is a process of its own.
const { fork } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const { Pool, startDatabase } = require('./pool-driver.cjs');

if (process.argv[2] === 'database') {
  startDatabase(Number(process.argv[3])).then((port) => process.send(port));
  process.on('disconnect', () => process.exit());
} else {
  const child = fork(__filename, ['database', '25'], { execArgv: [] });
  child.once('message', async (port) => {
    const pool = new Pool(port, 2);
    await pool.ready;
    const before = net.Socket.prototype._writeGeneric;

    async function loadOrders() {
      return pool.query('select orders');
    }

    const server = http.createServer(async (request, response) => {
      if (request.url === '/self') return response.end(JSON.stringify(describe()));
      const rows = await loadOrders();
      response.end(rows);
    });
    // What a recorder could have left behind.
    const describe = () => ({
      port,
      writeGeneric: net.Socket.prototype._writeGeneric === before,
      listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
      symbols: Object.getOwnPropertySymbols(globalThis).map(String).sort(),
      globals: Object.getOwnPropertyNames(globalThis).length,
      channels: ['http.server.request.start', 'http.client.request.start', 'undici:request:create'].filter(
        (name) => require('node:diagnostics_channel').hasSubscribers(name),
      ),
      promiseHooks: promisesAreHooked(),
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      stackTraceLimit: Error.stackTraceLimit,
      prepare: Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') !== undefined,
    });
    server.listen(Number(process.env.PORT), '127.0.0.1', () =>
      console.log(`listening ${server.address().port}`),
    );
  });
}

/** Node marks promises with an async id only while a hook is on. */
function promisesAreHooked() {
  return Object.getOwnPropertySymbols(Promise.resolve()).some((symbol) =>
    String(symbol).includes('async_id'),
  );
}
