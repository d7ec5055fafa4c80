// The server of the measurement: / is hello world, /awaits goes through 40 awaits.
import { createServer } from 'node:http';

async function awaits() {
  let sum = 0;
  for (let i = 0; i < 40; i++) sum += await Promise.resolve(i);
  return String(sum);
}

const server = createServer(async (request, response) => {
  response.end(request.url === '/awaits' ? await awaits() : 'hello world');
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system, rss: process.memoryUsage.rss() });
});
