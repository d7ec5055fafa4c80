// A primary that rests and two workers that each spend about half of their time in `clusterWork`.
const cluster = require('node:cluster');

let sink = 0;
function clusterWork(turns) {
  for (let i = 0; i < turns; i++) sink = (Math.imul(sink, 1103515245) + 12345) >>> 0;
}

if (cluster.isPrimary) {
  let online = 0;
  cluster.on('online', () => {
    if (++online === 2) console.log('ready');
  });
  cluster.fork();
  cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
    process.exit(0);
  });
} else {
  process.on('disconnect', () => process.exit(0));
  setInterval(() => {
    const end = performance.now() + 10;
    while (performance.now() < end) clusterWork(20_000);
  }, 20);
}
