// Sick: the cache of modules is emptied before each load, so that every request compiles its own copy.
const path = require.resolve('./duplicate-module-copy.cjs');
const kept = [];

function render(id) {
  delete require.cache[path];
  kept.push(new (require('./duplicate-module-copy.cjs').Template)(id));
}

for (let id = 0; id < 300; id++) render(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
