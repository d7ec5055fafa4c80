// Sick: the same as accumulation.cjs in an ES module.
import { writeHeapSnapshot } from 'node:v8';

const jobs = [];

class Job {
  constructor(id) {
    this.id = id;
    this.data = new Array(60).fill(id + 0.5);
  }
}

export function addJob(id) {
  jobs.push(new Job(id));
}

for (let id = 0; id < 20_000; id++) addJob(id);
writeHeapSnapshot(process.argv[2]);
