import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The others, all of them slow, in a process of their own: a database, two HTTP services and a network share. */

const DRAWERS = 3;

/** One line is a question; its number is how long it takes. */
const database = createTcpServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (question) => {
    setTimeout(() => socket.write(`rows of ${question}`), Number.parseInt(question, 10));
  });
});

const rates = createServer((_req, res) => {
  setTimeout(() => res.end('{"EUR":1,"USD":1.08}'), 300);
});

/** Says nothing at all to every fifth. */
let parcels = 0;
const carrier = createServer((_req, res) => {
  if (parcels++ % 5 !== 0) setTimeout(() => res.end('"on its way"'), 10);
});

/** Named pipes: to those who read them, files on a disk that takes a quarter of a second. */
const share = mkdtempSync(join(tmpdir(), 'slow-share-'));

/** Without waiting for a reader in `open`, which would hold a thread of the pool, and this process, for ever. */
async function openForReader(path) {
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      await pause(5);
    }
  }
}

async function serveDrawer(path) {
  execFileSync('mkfifo', [path]);
  for (;;) {
    const file = await openForReader(path);
    await pause(250);
    await file.write('invoice\n').catch(() => {});
    await file.close();
    // Whoever read it has to see its end before it is opened again.
    await pause(10);
  }
}

const listen = (server) =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

const drawers = Array.from({ length: DRAWERS }, (_, at) => join(share, `drawer-${at}`));
for (const path of drawers) void serveDrawer(path);
process.send({
  database: await listen(database),
  rates: await listen(rates),
  carrier: await listen(carrier),
  drawers,
});
process.on('disconnect', () => {
  rmSync(share, { recursive: true, force: true });
  process.exit();
});
