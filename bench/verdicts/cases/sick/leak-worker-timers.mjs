// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk","leak-timers"],"functions":["watch","poll"],"line":6,"lines":[5,6,7,8]}
// A poller without HTTP: each round arms a long timer that keeps its result.
const interval = 5;

function watch(round) {
  const seen = Array.from({ length: 500 }, (_, i) => ({ round, i }));
  setTimeout(() => seen.pop(), 3_600_000);
}

let round = 0;
setInterval(() => watch(round++), interval);
console.log('ready');
