'use strict';
// No server: a timer that repeats, one that is far away, and a loop that sleeps.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function refresh() {
  setTimeout(() => {}, 60_000);
  console.log('refreshed');
}
setInterval(refresh, 100);

async function poll() {
  for (;;) await pause(20);
}
poll();
console.log('ready');
