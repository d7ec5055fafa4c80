// Starts its server in a session of its own and hears no SIGTERM: what `holter flame` starts must end all the same.
const { spawn } = require('node:child_process');
const { createServer } = require('node:http');

if (process.argv[2] === 'serve') createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
else {
  spawn(process.execPath, [__filename, 'serve', ...process.argv.slice(2)], {
    detached: true,
    stdio: 'ignore',
  });
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
}
