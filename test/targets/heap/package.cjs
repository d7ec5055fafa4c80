// Sick: a library keeps all it was ever asked.
const { remember } = require('memo-store');

for (let key = 0; key < 20_000; key++) remember(key);
require('node:v8').writeHeapSnapshot(process.argv[2]);
