// Sick: a small callback keeps the whole request alive, because another closure of the same function uses it.
const callbacks = [];

function handle(id) {
  const body = new Array(2000).fill(id + 0.5);
  const unused = () => body.length;
  callbacks.push(function onDone() {
    return id;
  });
  return unused;
}

for (let id = 0; id < 800; id++) handle(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
