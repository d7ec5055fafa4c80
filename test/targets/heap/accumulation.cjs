// Sick: sessions are added and never removed.
const sessions = new Map();

class Session {
  constructor(id) {
    this.id = id;
    this.token = `token ${id}`;
    this.data = new Array(60).fill(id + 0.5);
  }
}

function openSession(id) {
  sessions.set(`s${id}`, new Session(id));
}

for (let id = 0; id < 20_000; id++) openSession(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
if (process.argv[3]) {
  for (let id = 20_000; id < 26_000; id++) openSession(id);
  require('node:v8').writeHeapSnapshot(process.argv[3]);
}
