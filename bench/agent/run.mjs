// What the agent costs the process it is in: CPU time per request with and without, and resident memory more.
//   node bench/agent/run.mjs [--rounds 5] [--requests 20000] [--agent dist/agent.js] [node24 node22 …]
// CPU time of the whole process (its worker thread too), not wall time: the machine may be noisy. Off and on take turns,
// the medians are compared. Goals: ≤ 1.05 × CPU per request, ≤ 15 MB.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '20000' },
    agent: { type: 'string' },
  },
  allowPositionals: true,
});
const ROUNDS = Number(values.rounds);
const REQUESTS = Number(values.requests);
const AGENT = resolve(values.agent ?? join(root, 'dist/agent.js'));
const WARM_UP = 5000;
const folder = mkdtempSync(join(tmpdir(), 'holter-bench-'));

function ask(child) {
  return new Promise((done) => {
    child.once('message', done);
    child.send('read');
  });
}

async function send(port, path, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let left = count;
  const one = () =>
    new Promise((done, fail) => {
      get({ port, path, agent, host: '127.0.0.1' }, (response) => {
        response.resume().on('end', done);
      }).on('error', fail);
    });
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await one();
    }),
  );
  agent.destroy();
}

async function measure(node, path, withAgent) {
  const child = fork(join(root, 'bench/agent/server.mjs'), [], {
    execPath: join(root, 'test/nodes/node_modules', node, 'bin/node'),
    execArgv: withAgent ? ['--import', AGENT] : [],
    env: { PATH: process.env.PATH, HOLTER_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const port = await new Promise((done) =>
    child.stdout.once('data', (text) => done(Number(/listening (\d+)/.exec(String(text))[1]))),
  );
  await send(port, path, WARM_UP);
  const before = await ask(child);
  await send(port, path, REQUESTS);
  const after = await ask(child);
  child.kill('SIGKILL');
  return { us: (after.cpuUs - before.cpuUs) / REQUESTS, rss: after.rss };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

for (const node of positionals.length > 0 ? positionals : ['node24'])
  for (const path of ['/', '/awaits']) {
    const off = [];
    const on = [];
    for (let round = 0; round < ROUNDS; round++) {
      off.push(await measure(node, path, false));
      on.push(await measure(node, path, true));
    }
    const [a, b] = [off, on].map((runs) => median(runs.map(({ us }) => us)));
    const [ra, rb] = [off, on].map((runs) => median(runs.map(({ rss }) => rss)));
    console.log(
      `${node} ${path.padEnd(8)} off ${a.toFixed(1)} µs  on ${b.toFixed(1)} µs  ratio ${(b / a).toFixed(3)}   RSS ${(ra / 1e6).toFixed(1)} → ${(rb / 1e6).toFixed(1)} MB (+${((rb - ra) / 1e6).toFixed(1)})`,
    );
  }
rmSync(folder, { recursive: true, force: true });
