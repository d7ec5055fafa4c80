// What it costs a process to have its heap looked at, per Node version: a snapshot streamed by the inspector (what holter
// does), one written by the process itself (v8.writeHeapSnapshot), and a class histogram.
//
//     npm run build && node bench/heap/capture.mjs [--node 18,20,22,24,26] [--objects 200000] [--dist dist]
//
// Each way gets a process of its own with the same objects. Pause: longest gap of a 10 ms ticker in the target. Peak: its
// largest VmRSS seen every 20 ms. CPU of both sides: user + system.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const REPO = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '18,20,22,24,26' },
    objects: { type: 'string', default: '200000' },
    dist: { type: 'string', default: join(REPO, 'dist') },
  },
});
const load = (path) => import(pathToFileURL(resolve(values.dist, path)).href);
const { attach } = await load('target/attach.js');
const { recordSnapshot } = await load('heap/record-snapshot.js');
const { recordHistogram } = await load('heap/record-histogram.js');
const { beginSnapshotFile } = await load('visit/snapshot-file.js');
const { evaluate } = await load('cdp/evaluate.js');

const PROGRAM = `
class Order { constructor(i) { this.id = i; this.user = { name: 'user ' + i, at: i }; this.lines = [i, i + 1, i + 2]; } }
globalThis.orders = Array.from({ length: ${Number(values.objects) / 3} }, (_, i) => new Order(i));
globalThis.gap = 0;
let last = performance.now();
setInterval(() => { const now = performance.now(); globalThis.gap = Math.max(globalThis.gap, now - last - 10); last = now; }, 10);
gc(); console.log('ready');`;

const folder = mkdtempSync(join(tmpdir(), 'holter-capture-'));
const WAYS = {
  async stream(session, path) {
    const file = beginSnapshotFile(path, {
      hold: () => session.pauseReading(),
      release: () => session.resumeReading(),
    });
    await recordSnapshot(session, {
      onChunk: (text) => file.write(text),
      signal: new AbortController().signal,
    });
    await file.commit();
  },
  async write(session, path) {
    await evaluate(
      session,
      `(process.getBuiltinModule ? process.getBuiltinModule('v8') : require('v8')).writeHeapSnapshot(${JSON.stringify(path)})`,
      { timeoutMs: 3_600_000 },
    );
  },
  async histogram(session) {
    await recordHistogram(session, 'main');
  },
};

const status = (pid, key) =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const cpuSeconds = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

console.log(
  'node  way        heap MB  pause ms  ms/MB  RSS before  peak MB  x heap  target CPU s  holter CPU s  file MB',
);
for (const version of values.node.split(',')) {
  for (const [way, take] of Object.entries(WAYS)) {
    const binary = join(REPO, 'test/nodes/node_modules', `node${version}`, 'bin/node');
    const child = spawn(binary, ['--expose-gc', '-e', PROGRAM], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((ready, fail) => {
        child.stdout.on('data', ready);
        child.on('exit', () => fail(new Error('the target ended')));
      });
      await sleep(300);
      const attachment = await attach(child.pid, { watch: false });
      const heap =
        (await evaluate(attachment.session, 'gc(), gap = 0, process.memoryUsage().heapUsed')) / 1e6;
      await sleep(100);
      const before = status(child.pid, 'VmRSS');
      let peak = before;
      const timer = setInterval(() => {
        peak = Math.max(peak, status(child.pid, 'VmRSS'));
      }, 20);
      const cpu = cpuSeconds(child.pid);
      const own = process.cpuUsage();
      const path = join(folder, `${version}-${way}.heapsnapshot`);
      await take(attachment.session, path);
      const ours = process.cpuUsage(own);
      clearInterval(timer);
      await sleep(50);
      const pause = await evaluate(attachment.session, 'gap');
      const spent = cpuSeconds(child.pid) - cpu;
      const size = existsSync(path) ? statSync(path).size / 1e6 : 0;
      await attachment.leave();
      console.log(
        [
          version.padEnd(5),
          way.padEnd(10),
          heap.toFixed(0).padStart(7),
          pause.toFixed(0).padStart(9),
          (pause / heap).toFixed(1).padStart(6),
          before.toFixed(0).padStart(11),
          peak.toFixed(0).padStart(8),
          ((peak - before) / heap).toFixed(1).padStart(7),
          spent.toFixed(2).padStart(13),
          ((ours.user + ours.system) / 1e6).toFixed(2).padStart(13),
          size.toFixed(0).padStart(8),
        ].join(' '),
      );
    } finally {
      child.kill('SIGKILL');
    }
  }
}
rmSync(folder, { recursive: true, force: true });
