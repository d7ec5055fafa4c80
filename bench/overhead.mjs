// CPU time per request of a small JSON server: alone, with holter attached (vital signs only), and during holter cpu
// and holter doctor.
// usage: node bench/overhead.mjs [rounds=5] [node majors, e.g. 22,24]     needs: npm run build, test/nodes
// Rounds are interleaved and each cell is a median, so that noise of the machine falls on all alike.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startAllocationSampling } from '../dist/cpu/record-allocations.js';
import { recordCpuProfile } from '../dist/cpu/record-profile.js';
import { attach } from '../dist/target/attach.js';

const rounds = Number(process.argv[2] ?? 5);
const majors = (process.argv[3] ?? '18,20,22,24,26').split(',');
const root = fileURLToPath(new URL('..', import.meta.url));
const SERVER = `
  const stored = JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: 'n' + id, price: id / 3 })));
  require('http').createServer((req, res) => {
    const rows = JSON.parse(stored);
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(rows.filter((row) => row.id % 2)));
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
const SECONDS = 4;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const cpuMs = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
/** All threads: the bridge's worker is part of the cost. */
function processCpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function load(port) {
  return new Promise((resolve) => {
    const child = fork(
      `${root}scripts/load-child.mjs`,
      [JSON.stringify({ url: `http://127.0.0.1:${port}/`, connections: 4, rate: 1500, seconds: SECONDS })],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    child.once('message', resolve);
  });
}

async function measure(pid, port) {
  const [main, all] = [cpuMs(pid), processCpuMs(pid)];
  const { requests } = await load(port);
  return {
    main: ((cpuMs(pid) - main) / requests) * 1000,
    all: ((processCpuMs(pid) - all) / requests) * 1000,
  };
}

const STATES = {
  alone: async () => async () => {},
  'attached, vital signs': async (pid) => {
    const attachment = await attach(pid);
    return () => attachment.leave();
  },
  'CPU profile at 10 ms': (pid) => profiled(pid, 10_000, false),
  'CPU profile at 1 ms': (pid) => profiled(pid, 1000, false),
  'as in doctor (1 ms, allocations)': (pid) => profiled(pid, 1000, true),
};

/** `allocations`: what holter doctor does; without: what holter cpu does, which watches nothing from inside. */
async function profiled(pid, intervalUs, allocations) {
  const attachment = await attach(pid, { watch: allocations });
  let end;
  const until = new Promise((resolve) => {
    end = resolve;
  });
  const profile = recordCpuProfile(attachment.session, { intervalUs, until });
  if (allocations) await startAllocationSampling(attachment.session, { intervalBytes: 32 * 1024 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  return async () => {
    end();
    await profile;
    await attachment.leave();
  };
}

console.log(
  `CPU µs per request at 1500 requests/s, median of ${rounds} rounds of ${SECONDS} s; x = ratio to alone (main thread / whole process)`,
);
for (const major of majors) {
  const child = spawn(`${root}test/nodes/node_modules/node${major}/bin/node`, ['-e', SERVER], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  await load(port);
  const cells = Object.fromEntries(Object.keys(STATES).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, begin] of Object.entries(STATES)) {
      const end = await begin(child.pid);
      cells[name].push(await measure(child.pid, port));
      await end();
    }
  child.kill('SIGKILL');
  const base = {
    main: median(cells.alone.map(({ main }) => main)),
    all: median(cells.alone.map(({ all }) => all)),
  };
  for (const [name, values] of Object.entries(cells)) {
    const main = median(values.map((value) => value.main));
    const all = median(values.map((value) => value.all));
    console.log(
      `Node ${major}  ${name.padEnd(34)}${main.toFixed(1).padStart(7)} / ${all.toFixed(1).padStart(6)} µs   x ${(main / base.main).toFixed(2)} / ${(all / base.all).toFixed(2)}`,
    );
  }
}
process.exit(0);
