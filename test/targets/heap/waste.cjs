// Sick: a Map and a Set for every item, nearly all of them empty.
class Item {
  constructor(id) {
    this.id = id;
    this.labels = new Map();
    this.watchers = new Set();
    this.children = new Map();
  }
}

const items = [];
function addItem(id) {
  items.push(new Item(id));
}

for (let id = 0; id < 40_000; id++) addItem(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
