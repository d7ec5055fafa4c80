// Async functions that wait for each other in several ways; each prints the callers that Error.stack names, and then
// awaits a promise that is never settled. Run with --allow-natives-syntax.
'use strict';
const waits = {};
const expected = {};

/** Remembers the async part of the stack, goes on after one turn of the queue: then the callers are only in promises. */
async function leaf(name, forever = new Promise(() => {})) {
  await null;
  const lines = new Error('for its stack').stack.split('\n').slice(1);
  expected[name] = lines.filter((line) => line.includes('at async ')).map((line) => line.trim());
  waits[name] = forever;
  await forever;
}

async function middle(name) {
  const text = `before ${name}`;
  await leaf(name);
  return text;
}

async function top(name) {
  try {
    await middle(name);
  } finally {
    waits.done = true;
  }
}

class Service {
  async load(name) {
    return await this.#inner(name);
  }
  async #inner(name) {
    for await (const one of this.pages(name)) expected.seen = one;
  }
  async *pages(name) {
    yield 1;
    await leaf(name);
  }
  static async run(name) {
    await new Service().load(name);
  }
}

const arrow = async (name) => {
  await Promise.all([leaf(name), 1]);
};

top('chain');
Service.run('service');
arrow('all');
(async () => await Promise.race([leaf('race'), new Promise(() => {})]))();
(async () => await Promise.any([leaf('any')]))();
(async () => await Promise.allSettled([leaf('settled')]))();
leaf('alone');
(async function withThen() {
  await leaf('then').then((value) => value);
})();
(async function withFinally() {
  await leaf('finally').finally(() => {});
})();

setTimeout(() => {
  const list = Object.keys(expected).filter((name) => waits[name] !== undefined);
  const promises = list.map((name) => waits[name]);
  process.stdout.write(`${JSON.stringify({ list, expected })}\n`, () => {
    new Function('list', '%DebugPrint(list)')(promises);
    process.stdout.write('\nready\n', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
}, 20);
