// Sick: a library keeps a little of everything, none of it much.
const { use } = require('cache-kit');

for (let count = 0; count < 300; count++) use();
require('node:v8').writeHeapSnapshot(process.argv[2]);
