// A program that is always busy: loop() → (a recursion of --depth calls →) hotB(), which makes JSON; then again by setImmediate.
// A worker ticks every millisecond and keeps its longest gap: what a stop looks like from inside. Asked by messages:
// 'reset' starts anew, 'gap' answers the longest gap since, in ms.
'use strict';
const { Worker } = require('node:worker_threads');

const depth = Number(process.argv[2] ?? 0);
const rounds = Number(process.argv[3] ?? 30_000);
const shared = new SharedArrayBuffer(24);
const [state, gaps] = [new Int32Array(shared, 0, 2), new Float64Array(shared, 8, 1)];
let kept = '';

function hotB(count) {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += (i * 7) % 13;
    if (i % 300 === 0) kept = JSON.stringify({ sum, text: 'x'.repeat(40), list: [i, sum, i] });
  }
  return sum;
}

function nest(left) {
  return left === 0 ? hotB(rounds) : nest(left - 1) + 1;
}

function loop() {
  if (depth > 0) nest(depth);
  else hotB(rounds);
  setImmediate(loop);
}

const TICKER = `
const { workerData } = require('node:worker_threads');
const state = new Int32Array(workerData, 0, 2);
const gaps = new Float64Array(workerData, 8, 1);
let last = performance.now();
for (;;) {
  Atomics.wait(state, 1, 0, 1);
  const now = performance.now();
  if (Atomics.compareExchange(state, 0, 1, 0) === 1) gaps[0] = 0;
  else if (now - last > gaps[0]) gaps[0] = now - last;
  last = now;
}`;

const worker = new Worker(TICKER, { eval: true, workerData: shared });
worker.once('online', () => {
  process.on('message', (word) => {
    if (word === 'reset') {
      Atomics.store(state, 0, 1);
      process.send({ reset: true });
    } else process.send({ gap: gaps[0] });
  });
  loop();
  process.send({ ready: true, kept: kept.length });
});
process.on('disconnect', () => process.exit(0));
