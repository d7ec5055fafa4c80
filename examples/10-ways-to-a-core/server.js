import { execFile } from 'node:child_process';
import { createServer } from 'node:http';

const baskets = new Map();

const routes = {
  '/': () => `${baskets.size} baskets`,
  '/fill': () => baskets.set(baskets.size, { items: ['tea', 'milk'], at: new Date() }).size,
  // A bug that no test met: with --abort-on-uncaught-exception it leaves a core.
  '/pay': () => setImmediate(() => baskets.get('nobody').items.length),
  '/abort': () => process.abort(),
};

const server = createServer((req, res) => {
  res.end(`${routes[req.url]?.() ?? 'no such page'}\n`);
});

// From inside: a child takes the core, this process stands still for some milliseconds and goes on serving.
process.on('SIGUSR2', () => {
  const holter = process.env.HOLTER ?? 'holter';
  const args = ['core', 'take', String(process.pid), '-o', `core.${process.pid}.inside`, '--yes'];
  const [command, ...first] = holter.split(' ');
  execFile(command, [...first, ...args], (error, stdout) => console.log(error?.message ?? stdout));
});

server.listen(Number(process.env.PORT ?? 3010), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
