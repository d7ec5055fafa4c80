// Runs through many kinds of calls until they are hot, and at random moments writes its own `Error.stack` into the file
// named as argument, then stops itself. What a reader from outside finds must be the same. Deterministic (own random).
const { writeFileSync } = require('node:fs');

Error.stackTraceLimit = 200;
const [out, warm = '400', every = '60'] = process.argv.slice(2);
let seed = 12345;
let rounds = 0;
let until = Number(warm);

function random() {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
}

/** The one place that looks: kept out of line, so that its own frame is always the same. */
function checkpoint() {
  if (++rounds < until) return 0;
  until = rounds + 1 + Math.floor(random() * Number(every));
  const { stack } = new Error('here');
  writeFileSync(out, JSON.stringify({ rounds, stack }));
  process.kill(process.pid, 'SIGSTOP');
  return 1;
}

const leaf = (n) => n + checkpoint();
const small = (n) => leaf(n + 1);
function middle(n) {
  return small(n) + small(n + 1);
}

class Shape {
  #sides;
  static count = 0;
  constructor(sides) {
    this.#sides = sides;
    Shape.count += leaf(0);
  }
  get sides() {
    return this.#sides + small(1);
  }
  set sides(value) {
    this.#sides = middle(value);
  }
  area(scale) {
    return this.measure(scale) * 2;
  }
  measure(scale) {
    return small(scale) + this.#sides;
  }
  static of(sides) {
    return new Shape(sides);
  }
  valueOf() {
    return leaf(this.#sides);
  }
  toJSON() {
    return { sides: small(this.#sides) };
  }
}

class Square extends Shape {
  constructor() {
    super(4);
    this.side = middle(1);
  }
  measure(scale) {
    return super.measure(scale) + leaf(scale);
  }
}

function rest(...values) {
  return values.map((value) => leaf(value)).length;
}
function defaults(a, b = small(a)) {
  return a + b;
}
function recursion(depth) {
  return depth === 0 ? leaf(depth) : 1 + recursion(depth - 1);
}
function guarded(n) {
  try {
    if (n % 3 === 0) throw new TypeError('expected');
    return small(n);
  } catch {
    return middle(n);
  } finally {
    leaf(n);
  }
}
function* numbers(count) {
  for (let i = 0; i < count; i++) yield small(i);
}
function makeCounter() {
  let count = 0;
  return function step() {
    count += leaf(count);
    return count;
  };
}
const counter = makeCounter();
const object = {
  method(n) {
    return this.other(n);
  },
  other: (n) => small(n),
  ['computed' + 1](n) {
    return leaf(n);
  },
};

function fields(n) {
  class Fields {
    static made = leaf(n);
    static {
      small(n);
    }
    side = small(n);
    #inner = middle(n);
    sum = this.side + this.#inner;
  }
  return new Fields();
}
function hidden(n) {
  return Object.defineProperty({}, 'key', { get: () => small(n) }).key;
}

const kinds = [
  () => middle(1),
  () => fields(2),
  () => hidden(3),
  () => Shape.of(3).area(2),
  () => new Square().area(1),
  () => new Square().sides,
  () => {
    new Shape(1).sides = 2;
  },
  () => rest(1, 2, 3),
  () => defaults(4),
  () => recursion(1 + Math.floor(random() * 12)),
  () => guarded(rounds),
  () => [...numbers(3)].length,
  () => counter(),
  () => object.method(2),
  () => object.computed1(2),
  () => [3, 1, 2].sort((a, b) => a - b + leaf(0)),
  () => [1, 2].reduce((sum, value) => sum + small(value), 0),
  () => [1, 2].forEach((value) => middle(value)),
  () => [1, 2, 3].filter((value) => leaf(value) > 1).some((value) => small(value) > 2),
  () => 'abc'.replace(/b/, () => String(leaf(1))),
  () => +new Shape(2),
  () => JSON.stringify(new Shape(5)),
  () => middle.call(null, 3),
  () => small.apply(object, [3]),
  () => middle.bind(null, 4)(),
  () => Reflect.apply(middle, null, [1]),
  () => new Map([[1, 2]]).forEach((value) => leaf(value)),
  () => Array.from({ length: 2 }, (_, i) => small(i)),
  () => {
    let sum = 0;
    for (let i = 0; i < 50; i++) sum += i % 10 === 0 ? small(i) : i;
    return sum;
  },
];

function main() {
  const which = Math.floor(random() * kinds.length);
  for (let i = 0; i < 8; i++) kinds[which]();
}

async function later(n) {
  await null;
  return middle(n);
}
async function waits(n) {
  const value = await later(n);
  return value + 1;
}

function loop() {
  for (let i = 0; i < 20; i++) main();
  if (random() < 0.2) waits(1).then(loop);
  else setImmediate(loop);
}
loop();
