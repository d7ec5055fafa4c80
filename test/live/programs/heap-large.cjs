// Objects by the hundred thousand, for what takes a while; the number is the argument.
class Item {
  constructor(id) {
    this.id = id;
    this.label = { text: `item ${id}`, at: [id] };
  }
}
globalThis.items = Array.from({ length: Number(process.argv[2] ?? 100_000) }, (_, id) => new Item(id));
setInterval(() => {}, 1000);
console.log('ready');
