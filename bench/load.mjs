// What a load test says of a server that stands still for 1 s in every 10 s and answers at once otherwise, at 100 requests/s:
// holter load, autocannon with its own correction, autocannon without. And what holter costs on top of autocannon's client.
// Usage: npm run build && node bench/load.mjs [seconds, default 30]
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HOLTER = process.env.HOLTER_MAIN ?? fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon');
const SECONDS = Number(process.argv[2] ?? 30);
const SERVER = `
const every = Number(process.env.EVERY);
require('node:http').createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});
if (every) setInterval(() => { const end = performance.now() + 1000; while (performance.now() < end); }, every);
`;

async function withServer(every, measure) {
  const server = spawn(process.execPath, ['-e', SERVER], {
    env: { ...process.env, EVERY: String(every) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise((resolve) => server.stdout.once('data', (text) => resolve(Number(text))));
  try {
    return await measure(`http://127.0.0.1:${port}/`);
  } finally {
    server.kill();
  }
}

const json = async (file, args) => JSON.parse((await run(process.execPath, [file, ...args])).stdout);
const rows = [];
const add = (who, { p50, p90, p99 }) => rows.push({ who, 'p50 ms': p50, 'p90 ms': p90, 'p99 ms': p99 });

// Requests due at even intervals: 1 in 10 falls into a stall and waits for its end, evenly from 0 to 1000 ms.
add('truth for a request due at a random moment', { p50: 0, p90: 0, p99: 900 });
const holter = await withServer(10_000, (url) =>
  json(HOLTER, ['load', url, '-d', `${SECONDS}s`, '-r', '100', '--json']),
);
add('holter load --rate 100', holter.latency);
add('holter load --rate 100, since sent', holter.uncorrectedLatency);
const rated = ['-c', '10', '-d', String(SECONDS), '-R', '100', '-j'];
for (const [who, more] of [
  ['autocannon -R 100', []],
  ['autocannon -R 100 --ignoreCoordinatedOmission', ['--ignoreCoordinatedOmission']],
]) {
  const { latency } = await withServer(10_000, (url) => json(AUTOCANNON, [...rated, ...more, url]));
  add(who, latency);
}
console.table(rows);

// CPU of the load generator per request, as fast as it goes, 10 connections, in turn.
const cost = { holter: [], autocannon: [] };
await withServer(0, async (url) => {
  for (let round = 0; round < 3; round++) {
    for (const [who, args] of [
      ['holter', [HOLTER, 'load', url, '-d', '5s', '--json']],
      ['autocannon', [AUTOCANNON, '-d', '5', '-j', url]],
    ]) {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      let ticks = 0;
      const clock = setInterval(() => {
        // utime and stime of /proc/pid/stat, in ticks of 10 ms; the last look before its end counts.
        try {
          const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
          ticks = Number(fields[11]) + Number(fields[12]);
        } catch {}
      }, 20);
      child.stdout.on('data', (chunk) => (text += chunk));
      await new Promise((resolve) => child.once('close', resolve));
      clearInterval(clock);
      cost[who].push((ticks * 10_000) / JSON.parse(text).requests.total);
    }
  }
});
const median = (values) => [...values].sort((one, other) => one - other)[values.length >> 1];
console.table(
  Object.entries(cost).map(([who, values]) => ({
    who,
    'CPU µs per request': Number(median(values).toFixed(1)),
  })),
);
