// Healthy: nothing at all.
require('node:v8').writeHeapSnapshot(process.argv[2]);
