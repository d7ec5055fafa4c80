// How long `holter ps` needs on a machine with many Node processes. The goal is 300 in under a second; 100 real ones are
// started here (300 would want 12 GB), so the time per process is printed too. Run with a Node that runs TypeScript (22.18+):
//   node bench/ps.mjs [count]
import { spawn } from 'node:child_process';
import { listNodeProcesses } from '../src/target/list.ts';

const count = Number(process.argv[2] ?? 100);
const children = [];
try {
  for (let started = 0; started < count; started += 10) {
    // Ten at a time: each start takes some 40 ms of CPU.
    await Promise.all(
      Array.from({ length: Math.min(10, count - started) }, () => {
        const child = spawn(
          process.execPath,
          ['-e', 'require("net").createServer().listen(0, () => console.log(1))'],
          {
            stdio: ['ignore', 'pipe', 'ignore'],
          },
        );
        children.push(child);
        return new Promise((ready) => child.stdout.once('data', ready));
      }),
    );
  }
  for (const cpuMs of [0, 200]) {
    const runs = [];
    let found = 0;
    for (let run = 0; run < 5; run++) {
      const begun = performance.now();
      found = (await listNodeProcesses({ cpuMs })).length;
      runs.push(performance.now() - begun);
    }
    const middle = runs.sort((a, b) => a - b)[2];
    const each = (middle - cpuMs) / found;
    console.log(
      `${found} processes, CPU over ${cpuMs} ms: median ${middle.toFixed(0)} ms` +
        (cpuMs === 0 ? `, ${each.toFixed(2)} ms each, so 300 take about ${(each * 300).toFixed(0)} ms` : ''),
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
}
