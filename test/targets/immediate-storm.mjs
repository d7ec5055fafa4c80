// holter-expect {"kind":"event-loop-spin","functions":["watchQueue"],"line":9,"lines":[6,7,8,9,10],"load":{"path":"/","connections":2,"rate":20}}
import { createServer } from 'node:http';

const queue = [];

function watchQueue() {
  const job = queue.shift();
  if (job) job();
  setImmediate(watchQueue);
}

watchQueue();
const server = createServer((req, res) => {
  queue.push(() => res.end('ok'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
