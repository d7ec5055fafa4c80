const cluster = require('node:cluster');

if (cluster.isPrimary) {
  let up = 0;
  for (let i = 0; i < 2; i++)
    cluster.fork().on('message', () => {
      if (++up === 2) console.log('ready');
    });
} else {
  process.send('up');
  setInterval(() => {}, 1000);
}
