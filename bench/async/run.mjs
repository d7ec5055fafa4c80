// CPU time per request of a target alone, with the recorder of `holter async` without stacks, and with sampled stacks;
// on hello world and on a request with 40 awaits; and after the visits, when everything is out again. Goals: at most 1.25 ×
// without, 1.5 × with stacks, 1.00 × afterwards.
// usage: node bench/async/run.mjs [rounds=5] [node majors=20,24] [seconds=4]     needs: npm run build, test/nodes
// The states alternate within a round, in turned order every second round; a cell is the median of its rounds' ratios to
// the same round alone, so that noise of the machine falls on all alike. CPU time is of all threads of the process: the
// bridge's worker is part of the cost.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 5);
const majors = (process.argv[3] ?? '20,24').split(',');
const seconds = Number(process.argv[4] ?? 4);
const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = process.env.HOLTER_DIST ?? `${root}dist`;
const { attach } = await import(`${dist}/target/attach.js`);
const { recordAsync } = await import(`${dist}/async/record-async.js`);

const listen = ".listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
const PROGRAMS = {
  'hello world': `require('http').createServer((req, res) => res.end('hello'))${listen}`,
  '40 awaits': `
    const step = async (n) => n + 1;
    const handler = async () => { let n = 0; for (let i = 0; i < 40; i++) n = await step(n); return String(n); };
    require('http').createServer(async (req, res) => { res.end(await handler()); })${listen}`,
};
const recorded = (stacks) => async (pid) => {
  const attachment = await attach(pid, { watch: false });
  const startMs = Number(process.hrtime.bigint()) / 1e6;
  const recording = await recordAsync(attachment.session, { startMs, stacks });
  return async () => {
    const log = await recording.stop();
    await attachment.leave();
    return log.counts;
  };
};
const STATES = {
  alone: async () => async () => undefined,
  'recorder, no stacks': recorded(0),
  'recorder, 200 stacks/s': recorded(200),
};
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** utime + stime of all threads, those that ended too, in ms (ticks of 10 ms: noise of under 1 % in seconds). */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function load(port, duration) {
  return new Promise((resolve) => {
    const child = fork(
      `${root}scripts/load-child.mjs`,
      [JSON.stringify({ url: `http://127.0.0.1:${port}/`, connections: 10, seconds: duration })],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    child.once('message', resolve);
  });
}

/** A warm server; `port` is where it listens. */
async function start(major, source) {
  const child = spawn(`${root}test/nodes/node_modules/node${major}/bin/node`, ['-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  await load(child.port, 3);
  return child;
}

for (const major of majors)
  for (const [program, source] of Object.entries(PROGRAMS)) {
    const child = await start(major, source);
    const { port } = child;
    // Nobody ever visits this one: what changes in both is the machine.
    const untouched = await start(major, source);
    const perRequest = async ({ pid, port }) => {
      const before = cpuMs(pid);
      const { requests } = await load(port, seconds);
      return ((cpuMs(pid) - before) / requests) * 1000;
    };
    const compare = async () => {
      const other = await perRequest(untouched);
      return (await perRequest(child)) / other;
    };
    const before = median([
      await compare(),
      await compare(),
      await compare(),
      await compare(),
      await compare(),
    ]);
    const spent = Object.fromEntries(Object.keys(STATES).map((state) => [state, []]));
    let counts;
    for (let round = 0; round < rounds; round++) {
      const order = Object.keys(STATES);
      if (round % 2 === 1) order.reverse();
      for (const state of order) {
        const stop = await STATES[state](child.pid);
        const before = cpuMs(child.pid);
        const { requests } = await load(port, seconds);
        spent[state].push(((cpuMs(child.pid) - before) / requests) * 1000);
        counts = (await stop()) ?? counts;
      }
    }
    const after = median([
      await compare(),
      await compare(),
      await compare(),
      await compare(),
      await compare(),
    ]);
    child.kill('SIGKILL');
    untouched.kill('SIGKILL');
    const alone = median(spent.alone);
    console.log(`node ${major}  ${program}  alone ${alone.toFixed(1)} µs CPU per request`);
    for (const state of Object.keys(STATES).slice(1)) {
      const ratios = spent[state].map((value, round) => value / spent.alone[round]);
      console.log(
        `  ${state.padEnd(24)} ${median(ratios).toFixed(2)} ×   (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
      );
    }
    console.log(
      `  ${'after leaving'.padEnd(24)} ${(after / before).toFixed(2)} ×   (against a process that was never visited)`,
    );
    console.log(
      `  last recording: ${counts.requests} requests, ${counts.followed} followed, ${counts.operations} operations, ${counts.stacks} stacks, own code ${counts.ownPercent.toFixed(1)} % of one core, listened ${counts.onPercent.toFixed(0)} % of the time`,
    );
  }
process.exit(0);
