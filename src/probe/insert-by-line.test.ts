import { expect, test } from 'vitest';
import { findFunction } from './insert-by-line.ts';

const SOURCE = `const fs = require('fs');
// a function of no interest
function total(list, { tax = 0 } = {}) {
  const sum = list.reduce((a, b) => a + b, 0);
  return sum + tax;
}
class Cart {
  constructor() { this.items = []; }
  async add(item, options = { x: 1 }) {
    if (item) {
      this.items.push("}" + item);
    }
  }
}
const later = async (ms) => {
  await wait(ms);
};
exports.named = function named() { return 1; };
const short = (a) => a + 1;
`;

test.each([
  ['total', 'total', 3],
  ['4', 'total', 3],
  ['5', 'total', 3],
  ['Cart.add', 'add', 9],
  ['11', 'add', 9],
  ['later', 'later', 15],
  ['16', 'later', 15],
  ['18', 'named', 18],
])('%s is in %s, whose body begins in line %d', (fn, binding, line) => {
  const head = findFunction(SOURCE, fn);
  expect(head?.binding).toBe(binding);
  expect(SOURCE.slice(0, head?.body).split('\n')).toHaveLength(line);
});

test.each(['nothing', '1', '0', '999', 'reduce'])('%s is none', (fn) => {
  expect(findFunction(SOURCE, fn)).toBeUndefined();
});
