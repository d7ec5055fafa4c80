// Sick: an interval for each request, never cleared.
function watchRequest(id) {
  const request = { id, body: new Array(1500).fill(id + 0.5) };
  setInterval(function poll() {
    return request.body.length;
  }, 1_000_000).unref();
}

for (let id = 0; id < 900; id++) watchRequest(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
