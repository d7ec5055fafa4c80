// holter-expect {"kind":"leak-timers","functions":["track"],"line":8,"load":{"path":"/","connections":10},"also":["memory-leak-heap"]}
import { createServer } from 'node:http';

const sessions = [];

function track(session) {
  // Nobody keeps the timer: it runs for as long as the process.
  setInterval(() => session.beat++, 1000);
}

const server = createServer((req, res) => {
  const session = { url: req.url, beat: 0 };
  track(session);
  setTimeout(() => res.end(String(sessions.length)), 50);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
