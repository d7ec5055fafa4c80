// Sick: a few bytes of each upload are kept, and with them the whole upload.
const headers = [];

function receive(size) {
  const upload = Buffer.alloc(size, 1);
  headers.push(upload.subarray(0, 16));
}

for (let count = 0; count < 300; count++) receive(200_000);
require('node:v8').writeHeapSnapshot(process.argv[2]);
