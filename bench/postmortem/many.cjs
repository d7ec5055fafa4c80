// A heap of many small objects: half of them of a class, half plain ones with an array and a double; COUNT in all.
'use strict';
class Leak {
  constructor(id) {
    this.id = id;
    this.name = `user ${id}`;
    this.next = null;
  }
}
const kept = [];
const count = Number(process.argv[2] ?? 5_000_000);
for (let i = 0; i < count; i++) kept.push(i % 2 ? new Leak(i) : { id: i, tags: [i, i + 1], when: i + 0.5 });
globalThis.kept = kept;
process.on('disconnect', () => process.exit(0));
process.send({ ready: true, heapUsed: process.memoryUsage().heapUsed });
