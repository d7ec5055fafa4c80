// Sick: users are in an array, a map and a set; none of them alone keeps them.
class User {
  constructor(id) {
    this.id = id;
    this.history = new Array(50).fill(id + 0.5);
  }
}

const registry = { all: [], byName: new Map(), online: new Set() };
globalThis.registry = registry;

function signUp(id) {
  const user = new User(id);
  registry.all.push(user);
  registry.byName.set(`name ${id}`, user);
  registry.online.add(user);
}

for (let id = 0; id < 20_000; id++) signUp(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
