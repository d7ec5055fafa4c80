import { expect, it } from 'vitest';
import { parameterNames } from './parameter-names.ts';

it.each([
  ['(order, rate) { return 1 }', ['order', 'rate']],
  ['() {}', []],
  ['(a, b = f(1, ")"), ...rest) => 1', ['a', 'b', 'rest']],
  ['({ a, b }, [c], d,) {', ['', '', 'd']],
  ['(a /* , b */, c // x\n) {', ['a', 'c']],
  ['x => x + 1', ['x']],
  ['(a, b', []],
  ['', []],
])('%s', (text, names) => {
  expect(parameterNames(text)).toEqual(names);
});
