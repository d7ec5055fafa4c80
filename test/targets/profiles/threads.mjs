// Main thread: `mainWork` on about half of the time. Worker `resize`: `workerWork` without end.
import { isMainThread, Worker } from 'node:worker_threads';

let sink = 0;
function mainWork(turns) {
  for (let i = 0; i < turns; i++) sink = (Math.imul(sink, 1103515245) + 12345) >>> 0;
}
function workerWork(turns) {
  for (let i = 0; i < turns; i++) sink = (Math.imul(sink, 1664525) + 1013904223) >>> 0;
}

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { name: 'resize' });
  worker.once('online', () => console.log('ready'));
  setInterval(() => {
    const end = performance.now() + 10;
    while (performance.now() < end) mainWork(20_000);
  }, 20);
} else {
  setInterval(() => {
    const end = performance.now() + 10;
    while (performance.now() < end) workerWork(20_000);
  }, 11);
}
