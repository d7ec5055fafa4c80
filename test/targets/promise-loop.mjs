// holter-expect {"kind":"microtask-starvation","functions":["poll"],"line":8,"lines":[6,7,8,9],"trigger":"/start"}
import { createServer } from 'node:http';

let stopped = false;

function poll() {
  if (stopped) return Promise.resolve();
  return Promise.resolve().then(poll);
}

const server = createServer((req, res) => {
  if (req.url === '/start') poll();
  if (req.url === '/stop') stopped = true;
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
