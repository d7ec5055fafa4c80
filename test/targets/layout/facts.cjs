// Prints what it knows of its own functions and strings, then waits with some of them on its stack.
// Run with --allow-natives-syntax: the address of the list is printed by V8 itself.
const fs = require('node:fs');

const captured = Number(process.argv[2] ?? 1);

/** @param {number} first @param {number} second */
function outer(first, second = 2, ...rest) {
  const kept = first + captured;
  return { kept, inner: () => kept + second + rest.length };
}

class Session {
  #secret = 1;
  constructor(id) {
    this.id = id;
  }
  load(path, retries) {
    return [this.#secret, path, retries, captured];
  }
  static open() {
    return new Session(1);
  }
  get size() {
    return captured;
  }
}

const later = async (value) => value + captured;
async function waits(value) {
  await value;
  return captured;
}
function* counts() {
  yield captured;
}
const holder = {};
holder.guessed = function () {
  return captured;
};
// prettier-ignore
function manyLocals() {
  const a00 = 0,
    a01 = 1,
    a02 = 2,
    a03 = 3,
    a04 = 4,
    a05 = 5,
    a06 = 6,
    a07 = 7,
    a08 = 8,
    a09 = 9;
  return () => [a00, a01, a02, a03, a04, a05, a06, a07, a08, a09, captured];
}

/** So many that V8 keeps their names in a hash table. */
const names = Array.from({ length: 90 }, (_, index) => `local${index}`);
const hashedLocals = new Function(`let ${names.join(', ')}; return () => [${names.join(', ')}]`)();

function throws() {
  const nothing = [undefined][0];
  const column = 'far';
  return [column, JSON.parse('{'), nothing.at];
}
function caller() {
  return throws();
}

function ropeOf(parts) {
  let rope = '';
  for (let index = 0; index < parts; index++) rope += `<${index}>`;
  return rope;
}
const flat = 'flat one-byte text of some length ÿ'.repeat(3);
const rope = ropeOf(5000);
const thin = ropeOf(40);
const keyed = {};
keyed[thin] = 1;
const strings = {
  empty: '',
  one: 'a',
  flat,
  wide: 'ширина 𝒳 and 日本 \ud800 alone',
  rope,
  wideRope: `${ropeOf(30)}→${ropeOf(30)}`,
  sliced: flat.slice(5, 60),
  slicedWide: 'ширина текста, достаточно длинная для среза'.slice(3, 30),
  thin,
  split: 'x;long enough to be sliced by V8;y'.split(';')[1],
};

const session = Session.open();
const functions = {
  outer,
  inner: outer(1).inner,
  Session,
  load: session.load,
  open: Session.open,
  size: Object.getOwnPropertyDescriptor(Session.prototype, 'size').get,
  later,
  waits,
  counts,
  guessed: holder.guessed,
  manyLocals,
  nestedLocals: manyLocals(),
  throws,
  caller,
  readFileSync: fs.readFileSync,
  map: Array.prototype.map,
};
for (const one of [functions.inner, functions.load, later, functions.guessed, functions.nestedLocals]) {
  // Compiled, so that there is bytecode.
  one.call(session, 1, 2);
}
let stack = '';
try {
  caller();
} catch (error) {
  stack = error.stack;
}

const source = fs.readFileSync(__filename, 'utf8');
const facts = {
  file: __filename,
  locals: names,
  version: process.versions.node,
  v8: process.versions.v8,
  stack,
  functions: Object.fromEntries(
    Object.entries(functions).map(([key, one]) => {
      const text = String(one);
      const at = source.indexOf(text);
      const before = source.slice(0, at);
      return [
        key,
        {
          name: one.name,
          length: one.length,
          text,
          line: at < 0 ? null : before.split('\n').length,
          column: at < 0 ? null : at - before.lastIndexOf('\n'),
        },
      ];
    }),
  ),
  strings: Object.fromEntries(
    Object.entries(strings).map(([key, text]) => [key, [text.length, encodeURI16(text)]]),
  ),
};

/** Lone surrogates survive no UTF-8. */
function encodeURI16(text) {
  return Buffer.from(text, 'utf16le').toString('base64');
}

const list = [...Object.values(functions), ...Object.values(strings), hashedLocals];
fs.writeSync(1, `${JSON.stringify(facts)}\n`);
new Function('list', '%DebugPrint(list)')(list);

function park(...all) {
  fs.writeSync(1, '\nready\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000_000);
  return all;
}
park(...list);
