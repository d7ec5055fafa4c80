// Sick: a listener on a shared emitter for each request, never removed.
import { EventEmitter } from 'node:events';
import { writeHeapSnapshot } from 'node:v8';

const bus = new EventEmitter();
bus.setMaxListeners(0);

function subscribe(id) {
  const state = new Array(1500).fill(id + 0.5);
  bus.on('change', function onChange() {
    return state[id];
  });
}

for (let id = 0; id < 900; id++) subscribe(id);
writeHeapSnapshot(process.argv[2]);
