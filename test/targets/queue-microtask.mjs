// holter-expect {"kind":"microtask-starvation","functions":["step","run","Scheduler.step"],"line":10,"lines":[8,9,10,11],"trigger":"/start"}
import { createServer } from 'node:http';

class Scheduler {
  done = false;
  ticks = 0;

  step = () => {
    this.ticks++;
    if (!this.done) queueMicrotask(this.step);
  };
}

const scheduler = new Scheduler();
const server = createServer((req, res) => {
  if (req.url === '/start') scheduler.step();
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
