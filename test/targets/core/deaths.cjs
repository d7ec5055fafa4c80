// Dies in one of five ways (`abort`, `throw`, `memory`, `segv`) or goes on (`busy`), and writes before how its stack and
// the arguments on it look: one line of JSON on stdout. test/live/core.test.ts holds that against the core.
'use strict';
const { pbkdf2Sync } = require('node:crypto');
const { writeSync } = require('node:fs');

/** Writes the truth; gives `value` back, so that it can stand inside of the call that kills: on the same line. */
function tell(error, value) {
  const frames = error.stack.split('\n').filter((line) => /^ {4}at /.test(line));
  writeSync(1, `${JSON.stringify({ pid: process.pid, message: error.message, frames })}\n`);
  return value;
}

class PriceError extends RangeError {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

const deaths = {
  abort(order, price) {
    process.abort(tell(new Error('here'), [order, price]));
  },
  throw(order, price) {
    throw tell(new PriceError(`no such price: ${price}`, order.id));
  },
  memory(order, price) {
    const rows = tell(new Error('here'), [order, price]);
    for (;;) rows.push(makeRow(order, rows.length));
  },
  segv(order, price) {
    return pbkdf2Sync(order.customer, 'salt', tell(new Error('here'), 2e9), price, 'sha512');
  },
  busy(order, price) {
    tell(new Error('here'));
    for (;;) order.id += price;
  },
};

function makeRow(order, number) {
  return { order, number, cells: [number, `${number}`, { number }] };
}

class Book {
  constructor(name) {
    this.name = name;
  }
  place(order, quantity) {
    const result = this.settle(order, quantity * 21, 'due');
    return result;
  }
  settle(order, price, note) {
    return deaths[order.kind](order, price, note);
  }
}

function openShop(kind) {
  const order = { id: 4711, kind, customer: 'Ada', items: ['tea', 'bread'] };
  return new Book('main').place(order, 2);
}

setTimeout(function opening() {
  openShop(process.argv[2]);
}, 20);
