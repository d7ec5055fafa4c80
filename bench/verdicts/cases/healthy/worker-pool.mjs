// holter-expect {"kind":"healthy","load":{"path":"/","connections":4,"rate":20}}
import { createServer } from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const waiting = [];
  worker.on('message', (sum) => waiting.shift()?.end(String(sum)));
  const server = createServer((req, res) => {
    waiting.push(res);
    worker.postMessage(3_000_000);
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`listening ${server.address().port}`);
  });
} else {
  parentPort.on('message', (limit) => {
    let sum = 0;
    for (let i = 0; i < limit; i++) sum += Math.sqrt(i);
    parentPort.postMessage(sum);
  });
}
