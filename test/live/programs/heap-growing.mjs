import { isMainThread, Worker } from 'node:worker_threads';

// Session leaks by the hundred, with a Map and an array in each; Product is many and stays; what is temporary is more
// than both. The worker leaks Job.
class Session {
  constructor(id) {
    this.id = id;
    this.rights = new Map([[id, 'read']]);
    this.path = [id, id + 1];
  }
}
class Job {
  constructor(id) {
    this.id = id;
  }
}
class Product {
  constructor(sku) {
    this.sku = sku;
  }
}

const sessions = new Map();
const jobs = [];
const products = Array.from({ length: 20_000 }, (_, sku) => new Product(sku));
let next = 0;
setInterval(() => {
  for (let i = 0; i < 20; i++) {
    if (isMainThread) sessions.set(next, new Session(next++));
    else jobs.push(new Job(next++));
  }
  globalThis.scratch = Array.from({ length: 1000 }, (_, i) => ({ i }));
}, 20);
globalThis.hold = [sessions, products, jobs];
if (isMainThread) {
  new Worker(new URL(import.meta.url), { name: 'resize' }).once('online', () => console.log('ready'));
}
