// The process whose heap is written: node population.cjs CUSTOMERS OUT [--second OUT2] [--how HOW].
//
// A small shop in memory, with everything that makes V8 write a node or an edge in its own way: instances, plain objects of
// shared and of odd shapes, Maps, Sets, weak collections, closures and their contexts, bound functions, promises that wait,
// generators, timers, listeners, symbols, bigints, dates, regular expressions, errors, typed arrays and Buffers (also many
// views on one), dictionary-mode and sparse arrays, cons, sliced, external-looking and repeated strings, a linked list, a tree.
//
// --second: after some growth and some forgetting, a second snapshot of the same process.
// --how: write (v8.writeHeapSnapshot, the default), internals (exposeInternals), numbers (captureNumericValue), tracking
// (allocation tracking; written by the inspector, like the two before).
const { EventEmitter, once } = require('node:events');
const { parseArgs } = require('node:util');
const v8 = require('node:v8');
const { Worker } = require('node:worker_threads');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { second: { type: 'string' }, how: { type: 'string', default: 'write' } },
});
const customers = Number(positionals[0]);

/** The same numbers in every run. */
let state = 20_011;
function below(limit) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

class Address {
  constructor(number) {
    this.street = `${number} ${['Mill', 'Station', 'Church', 'Harbour'][number & 3]} Road`;
    this.town = ['Aberdeen', 'Bergen', 'Cork', 'Delft', 'Elche'][number % 5];
  }
}

class Customer {
  #secret = below(1e9);
  constructor(id) {
    this.id = id;
    this.name = `customer ${id}`;
    this.address = new Address(id);
    this.since = new Date(1.6e12 + id * 1000);
    this.tags = ['retail', `group-${id % 13}`, id];
    this.score = id * 1.37;
  }
  get token() {
    return this.#secret;
  }
}

class LineItem {
  constructor(article, count) {
    this.article = article;
    this.count = count;
  }
}

class Order {
  constructor(customer, number) {
    this.customer = customer;
    this.number = number;
    this.items = Array.from(
      { length: 1 + below(4) },
      () => new LineItem(shop.articles[below(500)], below(9)),
    );
    this.paid = number % 3 === 0;
  }
}

/** Linked both ways: the dominator tree is as deep as it is long. */
class Recent {
  constructor() {
    this.head = undefined;
    this.byKey = new Map();
  }
  add(key, value) {
    const entry = { key, value, next: this.head, previous: undefined };
    if (this.head !== undefined) this.head.previous = entry;
    this.head = entry;
    this.byKey.set(key, entry);
  }
}

class Branch {
  constructor(low, high) {
    this.key = (low + high) >> 1;
    this.left = high - low < 2 ? null : new Branch(low, this.key);
    this.right = high - low < 2 ? null : new Branch(this.key, high);
  }
}

const FEATURE = Symbol('feature');
const LEDGER = Symbol.for('shop.ledger');
const shop = {
  articles: Array.from({ length: 500 }, (_, id) => ({
    id,
    title: `article ${id}`,
    price: id / 4,
    [FEATURE]: id % 7,
  })),
  customers: [],
  byId: new Map(),
  sessions: new Map(),
  orders: [],
  recent: new Recent(),
  flagged: new Set(),
  notes: new WeakMap(),
  refs: [],
  known: new WeakSet(),
  events: new EventEmitter(),
  waiting: [],
  handlers: [],
  timers: [],
  slabs: [],
  parsed: [],
  settings: {},
  sparse: [],
  texts: [],
  generators: [],
  errors: [],
  [LEDGER]: [],
};
shop.events.setMaxListeners(0);
globalThis.shop = shop;
const registry = new FinalizationRegistry(() => {});
shop.registry = registry;

function listener(customer, limit) {
  const history = new Array(limit).fill(customer.id);
  return function onPrice(article) {
    return history.includes(article) && customer.name;
  };
}

function* pages(orders) {
  for (const order of orders) yield order;
}

async function settle(order) {
  const gate = new Promise((resolve) => {
    order.release = resolve;
  });
  await gate;
  return order.number;
}

function grow(count) {
  const first = shop.customers.length;
  for (let id = first; id < first + count; id++) {
    const customer = new Customer(id);
    shop.customers.push(customer);
    shop.byId.set(id, customer);
    const key = `session-${below(2 ** 30).toString(36)}-${id}`;
    shop.sessions.set(key, {
      key,
      customer,
      basket: [],
      seen: Date.now(),
      locale: id & 1 ? 'en-GB' : 'nl-NL',
    });
    shop.recent.add(key, customer);
    shop.notes.set(customer, { text: `note about ${customer.name}`, by: shop.customers[below(id + 1)] });
    const order = new Order(customer, id);
    shop.orders.push(order);
    shop[LEDGER].push(id * 0.5);
    // cons, sliced, flat and equal strings
    let text = `order ${id} of `;
    text += customer.name;
    shop.texts.push(
      text,
      `${customer.address.street}, ${'x'.repeat(30)}${id}`.slice(2, 40),
      String(id % 50).repeat(12),
    );
    if (id % 3 === 0) shop.flagged.add(order);
    if (id % 4 === 0)
      shop.parsed.push(
        JSON.parse(`{"id":${id},"lines":[{"sku":"s${id % 99}","qty":2},{"sku":"s1","qty":${id}}],"ok":true}`),
      );
    if (id % 5 === 0) {
      const odd = { kind: 'odd', [`field${id % 40}`]: id };
      if (id % 10 === 0) odd.extra = { deep: { deeper: [odd] } };
      shop.parsed.push(odd);
    }
    if (id % 8 === 0) {
      shop.events.on(`price-${id % 64}`, listener(customer, 12));
      shop.handlers.push(order.constructor.bind(null, customer, id), (extra) => order.items.length + extra);
    }
    if (id % 10 === 0)
      shop.waiting.push(
        settle(order),
        new Promise(() => {}).then(() => customer),
      );
    if (id % 16 === 0) {
      shop.refs.push(new WeakRef(customer));
      shop.known.add(order);
      registry.register(customer, id, order);
      shop.settings[`customer.${id}.limit`] = id;
    }
    if (id % 20 === 0) {
      shop.slabs.push(
        Buffer.from(`row ${id}`),
        new Float64Array(8).fill(id),
        new Uint8Array(200 + (id % 300)),
      );
      shop.generators.push(pages(shop.orders));
      shop.generators[shop.generators.length - 1].next();
    }
    if (id % 32 === 0) shop.timers.push(setInterval(() => customer.score++, 3_600_000).unref());
    if (id % 50 === 0) {
      shop.sparse[id * 37] = customer;
      shop.texts.push(new RegExp(`^customer ${id % 9}$`, 'u'), 2n ** BigInt(64 + (id % 64)));
      shop.slabs.push(Buffer.alloc(4000 + id), new DataView(new ArrayBuffer(64)));
    }
    if (id % 100 === 0) shop.errors.push(Object.assign(new TypeError(`no stock for ${id}`), { order }));
    if (id % 400 === 0) shop.index = { tree: new Branch(0, Math.min(count, 20_000)), at: id };
    if (id % 7 === 0) delete order.paid;
  }
}

function forget(count) {
  shop.orders.splice(0, count);
  for (const key of [...shop.sessions.keys()].slice(0, count)) shop.sessions.delete(key);
  shop.texts.length -= Math.min(shop.texts.length, count);
}

/**
 * The inspector, spoken to from a worker: a session of this thread would run JavaScript for every piece of the file, and with
 * allocation tracking on that makes the numbers in the head of the file wrong, so that DevTools refuses it.
 */
const VISITOR = `
const { closeSync, openSync, writeSync } = require('node:fs');
const { Session } = require('node:inspector');
const { parentPort } = require('node:worker_threads');
const session = new Session();
session.connectToMainThread();
let file;
session.on('HeapProfiler.addHeapSnapshotChunk', ({ params }) => writeSync(file, params.chunk));
parentPort.on('message', ({ method, params, path }) => {
  if (path !== undefined) file = openSync(path, 'w', 0o600);
  session.post(method, params, (error) => {
    if (path !== undefined) closeSync(file);
    parentPort.postMessage(error ?? null);
  });
});`;
let visitor;

async function ask(method, params, path) {
  visitor ??= new Worker(VISITOR, { eval: true });
  visitor.postMessage({ method, params, path });
  const [error] = await once(visitor, 'message');
  if (error !== null) throw new Error(error.message);
}

async function write(path) {
  if (options.how === 'write') v8.writeHeapSnapshot(path);
  else {
    const [exposeInternals, captureNumericValue] = [options.how === 'internals', options.how === 'numbers'];
    await ask('HeapProfiler.takeHeapSnapshot', { exposeInternals, captureNumericValue }, path);
  }
}

async function main() {
  if (options.how === 'tracking')
    await ask('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  grow(customers);
  await write(positionals[1]);
  if (options.second !== undefined) {
    grow(Math.ceil(customers / 10));
    forget(Math.ceil(customers / 20));
    await write(options.second);
  }
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
