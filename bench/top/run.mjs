// What `holter top` costs itself and the processes it looks at, at 1 Hz. Goal: at most 2 % of one core per target.
//   npm run build; node bench/top/run.mjs [processes] [seconds]
// Each row: CPU of holter per second and per target, by the kernel's own count, after a warm-up; and of the targets.
// `table` looks at all of them, `page` at one, idle or serving requests, from outside and inside.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';

const HOLTER = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const count = Number(process.argv[2] ?? 10);
const seconds = Number(process.argv[3] ?? 20);
const WARM_MS = 4000;
const SERVER =
  'require("http").createServer((q,s)=>{let t=0;for(let i=0;i<2e5;i++)t+=i;s.end(String(t))}).listen(0,"127.0.0.1",function(){console.log(this.address().port)})';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** CPU of all threads so far, ms. */
const cpuMs = (pid) => {
  let ns = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  return ns / 1e6;
};

const children = [];
const startServer = () =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    child.stdout.once('data', (port) => resolve({ pid: child.pid, port: Number(port) }));
  });

async function measure(label, args, targets, rate) {
  const load = setInterval(
    () => {
      for (const { port } of rate > 0 ? targets : []) get({ port, host: '127.0.0.1' }, (r) => r.resume());
    },
    rate > 0 ? 1000 / rate : 1e9,
  );
  // A terminal that throws away what is drawn: the whole of the work, drawing included.
  const command = [process.execPath, HOLTER, 'top', ...args].map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', ['-qfc', `stty rows 40 cols 120; exec ${command}`, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, TERM: 'xterm' },
  });
  try {
    await wait(WARM_MS);
    const shell = Number(
      readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8').split(' ')[0],
    );
    const before = [cpuMs(shell), ...targets.map(({ pid }) => cpuMs(pid))];
    const begun = performance.now();
    await wait(seconds * 1000);
    const spent = (performance.now() - begun) / 1000;
    const after = [cpuMs(shell), ...targets.map(({ pid }) => cpuMs(pid))];
    const own = (after[0] - before[0]) / spent / 10;
    const theirs =
      after.slice(1).reduce((sum, ms, index) => sum + ms - before[index + 1], 0) /
      spent /
      10 /
      targets.length;
    console.log(
      `${label.padEnd(34)} holter ${own.toFixed(2)} % of a core, ${(own / targets.length).toFixed(2)} % per target; a target itself ${theirs.toFixed(2)} %`,
    );
  } finally {
    clearInterval(load);
    terminal.stdin.write('q');
    await new Promise((resolve) => terminal.once('close', resolve));
  }
}

async function without(label, targets, rate) {
  const load = setInterval(() => {
    for (const { port } of targets) get({ port, host: '127.0.0.1' }, (r) => r.resume());
  }, 1000 / rate);
  await wait(1000);
  const before = targets.map(({ pid }) => cpuMs(pid));
  await wait(seconds * 1000);
  const theirs = targets.reduce((sum, { pid }, index) => sum + cpuMs(pid) - before[index], 0) / seconds / 10;
  clearInterval(load);
  console.log(`${label.padEnd(34)} a target itself ${(theirs / targets.length).toFixed(2)} %`);
}

try {
  const targets = await Promise.all(Array.from({ length: count }, startServer));
  const pids = targets.map(({ pid }) => `${pid}`);
  const [first] = targets;
  await measure(`table, ${count} processes`, pids, targets, 0);
  await measure('page from outside, idle', [`${first.pid}`, '--outside'], [first], 0);
  await measure('page, idle', [`${first.pid}`], [first], 0);
  await without('100 requests/s, nobody looks', [first], 100);
  await measure('page, 100 requests/s', [`${first.pid}`], [first], 100);
} finally {
  for (const child of children) child.kill('SIGKILL');
}
