// What a watch of 50 idle processes costs, and how long it takes from a trigger to the begin of its capture.
//   npm run build && node bench/watch/run.mjs [seconds]
// CPU is counted by the kernel over all threads and waited-for children of the watch; memory is the peak of RSS.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SECONDS = Number(process.argv[2] ?? 30);
const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'holter-bench-watch-'));
const idle = join(folder, 'idle.cjs');
writeFileSync(idle, 'setInterval(() => {}, 1000)');
const children = [];
const start = (args) => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return child;
};
const cpuMs = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
};
const memory = (pid, key) =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) /
  1024;

try {
  for (let index = 0; index < 50; index++) start([idle]);
  await sleep(3000);
  const watch = start([MAIN, 'watch', 'idle.cjs', '-o', join(folder, 'out'), '--json']);
  watch.stdout.resume();
  await sleep(5000);
  const before = cpuMs(watch.pid);
  const begun = performance.now();
  await sleep(SECONDS * 1000);
  const percent = (100 * (cpuMs(watch.pid) - before)) / (performance.now() - begun);
  const peak = memory(watch.pid, 'VmHWM');
  watch.kill('SIGINT');
  console.log(
    `50 idle processes, default rules, ${SECONDS} s: ${percent.toFixed(2)} % of one core, peak RSS ${peak.toFixed(0)} MB`,
  );

  // From the look that fulfils the trigger to the first file of the capture: both stamped by the watch and the kernel.
  const config = join(folder, 'rules.json');
  const rule = {
    trigger: { vital: 'threads', over: 1, for: '0s' },
    actions: [{ run: 'date +%s%3N' }, 'stack'],
  };
  writeFileSync(config, JSON.stringify({ rules: [rule] }));
  const times = [];
  for (let round = 0; round < 5; round++) {
    const second = start([
      MAIN,
      'watch',
      String(children[round].pid),
      '-c',
      config,
      '-o',
      join(folder, `t${round}`),
      '--json',
      '--once',
    ]);
    let text = '';
    second.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    await new Promise((done) => second.once('close', done));
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const at = (name, action) =>
      Date.parse(events.find((one) => one.event === name && one.action === action).at);
    times.push(at('captured', 'stack') - at('triggered', undefined));
  }
  times.sort((a, b) => a - b);
  console.log(`trigger to captured stack, written: median ${times[2]} ms, longest ${times[4]} ms`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
