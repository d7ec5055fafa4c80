import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

// One server, four ways to feel ill. Each route bends the four core metrics into another shape.
const kept = [];

function burn(milliseconds) {
  const until = performance.now() + milliseconds;
  let spins = 0;
  while (performance.now() < until) spins++;
  return spins;
}

function keep(count) {
  for (let i = 0; i < count; i++) kept.push({ at: Date.now(), text: `visit ${kept.length}` });
  return kept.length;
}

const routes = {
  '/well': () => 'ok',
  // CPU high and delay high: the thread computes, everybody queues behind it.
  '/busy': () => String(burn(60)),
  // CPU low and answers slow: the thread idles while something else takes its time.
  '/waiting': () => delay(200, 'late'),
  // Used heap rising from low to low: something is kept that nobody asks for again.
  '/growing': () => String(keep(200)),
  // A flat line: the loop does not even get to count.
  '/flat': () => String(burn(20_000)),
};

const server = createServer(async (req, res) => {
  const answer = routes[req.url];
  if (answer) return res.end(await answer());
  res.statusCode = 404;
  res.end(Object.keys(routes).join('\n'));
});

server.listen(Number(process.env.PORT ?? 3013), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
