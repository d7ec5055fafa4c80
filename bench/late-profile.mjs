// How much of a late-attached CPU profile goes to the function that runs, per Node version and code shape, with V8's
// plain profile and with holter's fix (src/cpu/record-profile.ts), and how long the fix pauses the thread.
//
//     npm run build && node bench/late-profile.mjs [--runs 3] [--node 22,24] [--shape forever]
//
// Each run starts a target with --inspect=0, waits until its hot function has long been optimised inside its loop,
// attaches, and records 1.2 s. Shares are of the time that is not idle; the true share is given in the first column.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { aggregateFunctions, readCpuProfile, recordCpuProfile, splitTime } from '../dist/cpu.js';

const NODES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/nodes/node_modules');

const SPIN = `function busyLoop(ms) {
  const end = Date.now() + ms;
  let x = 0;
  while (Date.now() < end) for (let i = 0; i < 1e4; i++) x += Math.sqrt(i ^ x);
  return x;
}`;
const FOREVER = `function spinForever(table) {
  let x = 0;
  for (let i = 0; ; i++) {
    x = (x * 31 + table[i & 1023]) | 0;
    if (x === 0.5) break;
  }
  return x;
}
setTimeout(() => spinForever(Array.from({ length: 1024 }, (_, i) => i)), 100);`;
const inWorker = (code) => `const { Worker } = require('node:worker_threads');
new Worker(${JSON.stringify(code)}, { eval: true });
setInterval(() => {}, 1000);`;

/** name: [hot function, its true share of busy time, source]. */
const SHAPES = {
  'loop from a timer': ['busyLoop', 0.9, `${SPIN}\nsetInterval(() => busyLoop(90), 100);`],
  'loop that never returns': ['spinForever', 1, FOREVER],
  'class method': [
    'crunch',
    1,
    `class Engine {
  constructor() { this.table = new Float64Array(4096); }
  crunch(times) {
    let sum = 0;
    for (let k = 0; k < times; k++) for (let i = 0; i < 4096; i++) { sum += this.table[i]; this.table[i] = sum % 7; }
    return sum;
  }
}
const engine = new Engine();
setInterval(() => engine.crunch(4000), 120);`,
  ],
  'async function': [
    'digest',
    1,
    `async function digest(bytes) {
  let h = 0;
  for (let r = 0; r < 300; r++) {
    for (let i = 0; i < bytes.length; i++) h = ((h * 33) ^ bytes[i]) | 0;
    if (r % 100 === 0) await null;
  }
  return h;
}
const bytes = Buffer.alloc(200000, 7);
(async () => { for (;;) { await digest(bytes); await new Promise((resolve) => setTimeout(resolve, 5)); } })();`,
  ],
  'inlined callee': [
    'inner',
    1,
    `function inner(n) { let s = 0; for (let i = 0; i < n; i++) s = (s + i * i) % 1000003; return s; }
function outer() { let t = 0; for (let k = 0; k < 200; k++) t += inner(100000); return t; }
setInterval(outer, 150);`,
  ],
  'worker, loop from a timer': [
    'busyLoop',
    0.9,
    inWorker(`${SPIN}\nsetInterval(() => busyLoop(90), 100);`),
    true,
  ],
  'worker, never returns': ['spinForever', 1, inWorker(FOREVER), true],
};

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    node: { type: 'string' },
    shape: { type: 'string', default: '' },
  },
});

/** Session over one WebSocket; `on` gets events. */
async function connect(url) {
  const socket = new WebSocket(url, { maxPayload: 0, perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket._socket.setNoDelay(true);
  const session = makeSession((text) => socket.send(text));
  socket.on('message', (data) => session.receive(data.toString()));
  return { ...session, close: () => socket.terminate() };
}

function makeSession(write) {
  const waiting = new Map();
  const listeners = new Map();
  let id = 0;
  return {
    on: (method, listener) => listeners.set(method, listener),
    receive(text) {
      const message = JSON.parse(text);
      if (message.id === undefined) return listeners.get(message.method)?.(message.params);
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    },
    send(method, params) {
      return new Promise((resolve, reject) => {
        waiting.set(++id, { resolve, reject });
        write(JSON.stringify({ id, method, params }));
      });
    },
  };
}

async function workerSession(main) {
  const attached = new Promise((resolve) => main.on('NodeWorker.attachedToWorker', resolve));
  await main.send('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const { sessionId } = await attached;
  const session = makeSession(
    (message) => void main.send('NodeWorker.sendMessageToWorker', { sessionId, message }),
  );
  main.on('NodeWorker.receivedMessageFromWorker', ({ message }) => session.receive(message));
  return session;
}

async function measure(node, [hot, , source, inside], folder, lateFix) {
  const file = join(folder, 'target.cjs');
  writeFileSync(file, source);
  const child = spawn(node, ['--inspect=0', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const url = await new Promise((resolve, reject) => {
      let text = '';
      child.once('exit', () => reject(new Error(`target ended: ${text}`)));
      child.stderr.on('data', (data) => {
        text += data;
        const found = /ws:\/\/\S+/.exec(text);
        if (found) resolve(found[0]);
      });
    });
    await sleep(1000);
    const main = await connect(url);
    const session = inside ? await workerSession(main) : main;
    const pauses = {};
    const json = await recordCpuProfile(session, {
      durationMs: 1200,
      lateFix,
      onAct: (what, pauseMs) => {
        pauses[what.split(' ')[0]] = pauseMs;
      },
    });
    main.close();
    const tree = readCpuProfile(json);
    const row = aggregateFunctions(tree).find(({ name }) => name === hot);
    return { share: (row?.self ?? 0) / splitTime(tree).busy, fixMs: pauses.functions };
  } finally {
    child.kill('SIGKILL');
  }
}

const versions = (options.node?.split(',') ?? ['18', '20', '22', '24', '26']).filter((version) =>
  readdirSync(NODES).includes(`node${version}`),
);
const folder = mkdtempSync(join(tmpdir(), 'holter-late-'));
try {
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  console.log(
    `${'share of the hot function, plain → fixed'.padEnd(42)}${versions.map((v) => `node ${v}`.padEnd(16)).join('')}`,
  );
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (!name.includes(options.shape)) continue;
    const cells = [];
    for (const version of versions) {
      const node = join(NODES, `node${version}`, 'bin/node');
      const plain = [];
      const fixed = [];
      for (let run = 0; run < Number(options.runs); run++) {
        plain.push((await measure(node, shape, folder, false)).share);
        fixed.push((await measure(node, shape, folder, true)).share);
      }
      cells.push(`${median(plain).toFixed(2)} → ${median(fixed).toFixed(2)}`.padEnd(16));
    }
    console.log(`${`${name} (true: ${shape[1].toFixed(2)})`.padEnd(42)}${cells.join('')}`);
  }
  await measurePauses(versions, folder, median);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The longest gap between two turns of an otherwise idle loop while profiler and fix are switched on. */
async function measurePauses(all, where, median) {
  const heaps = [5, 50, 200];
  console.log(
    '\nlongest stop of the event loop, ms: Profiler.start / the fix / collectGarbage for comparison',
  );
  console.log(`${'heap'.padEnd(42)}${all.map((v) => `node ${v}`.padEnd(16)).join('')}`);
  for (const megabytes of heaps) {
    const cells = [];
    for (const version of all) {
      const file = join(where, 'heap.cjs');
      writeFileSync(
        file,
        `globalThis.kept = [];
for (let i = 0; i < ${megabytes} * 8000; i++) kept.push({ a: i, b: { c: i }, d: 'x' + (i % 100) });
let last = performance.now(), worst = 0;
globalThis.worst = () => { const w = worst; worst = 0; return w; };
(function tick() { const now = performance.now(); worst = Math.max(worst, now - last); last = now; setImmediate(tick); })();
console.error('ready');`,
      );
      const child = spawn(join(NODES, `node${version}`, 'bin/node'), ['--inspect=0', file], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      try {
        const url = await new Promise((resolve) => {
          let text = '';
          child.stderr.on('data', (data) => {
            text += data;
            const found = /ws:\/\/\S+/.exec(text);
            if (found && text.includes('ready')) resolve(found[0]);
          });
        });
        const session = await connect(url);
        const worst = async (...calls) => {
          await session.send('Runtime.evaluate', { expression: 'worst()' });
          await Promise.all(calls.map(([method, params]) => session.send(method, params)));
          await sleep(50);
          return (await session.send('Runtime.evaluate', { expression: 'worst()' })).result.value;
        };
        const rows = [[], [], []];
        for (let run = 0; run < 3; run++) {
          await session.send('Profiler.enable');
          rows[0].push(await worst(['Profiler.start']));
          rows[1].push(
            await worst(
              ['Profiler.startPreciseCoverage', { callCount: false, detailed: false }],
              ['Profiler.stopPreciseCoverage'],
            ),
          );
          rows[2].push(await worst(['HeapProfiler.collectGarbage']));
          await session.send('Profiler.stop');
          await session.send('Profiler.disable');
        }
        session.close();
        cells.push(
          rows
            .map((row) => median(row).toFixed(0))
            .join(' / ')
            .padEnd(16),
        );
      } finally {
        child.kill('SIGKILL');
      }
    }
    console.log(`${`about ${megabytes} MB`.padEnd(42)}${cells.join('')}`);
  }
}
