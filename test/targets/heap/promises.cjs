// Sick: calls that wait for an answer which never comes.
const waiting = [];

function answer() {
  return new Promise((resolve) => waiting.push(resolve));
}

async function callBackend(id) {
  const request = { id, body: new Array(1500).fill(id + 0.5) };
  await answer();
  return request;
}

for (let id = 0; id < 900; id++) callBackend(id);
setTimeout(() => {
  require('node:v8').writeHeapSnapshot(process.argv[2]);
  process.exit();
}, 10);
