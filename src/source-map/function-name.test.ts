import { describe, expect, it } from 'vitest';
import { enclosingFunctionName, functionNameAt, looksMinified } from './function-name.ts';

/** The place is where `|` stands: V8 puts a function at its parameter list, maps at its first word. */
function at(text: string): string {
  const before = text.slice(0, text.indexOf('|'));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return functionNameAt(text.replace('|', '').split('\n'), line, column);
}

describe('functionNameAt', () => {
  it.each([
    ['function hash|(pw) {', 'hash'],
    ['|function hash(pw) {', 'hash'],
    ['export async function |hash<T>(pw: T) {', 'hash'],
    ['function* |walk(tree) {', 'walk'],
    ['const hash = |(pw) => pw;', 'hash'],
    ['const hash = async |(pw: string): Promise<number> => 1;', 'hash'],
    ['const hash = |pw => pw;', 'hash'],
    ['const hash = function |(pw) {', 'hash'],
    ['const hash =\n  |(pw) => pw;', 'hash'],
    ['  hash|(pw) {', 'hash'],
    ['  async |hash(pw: string): Promise<void> {', 'hash'],
    ['  static #hash|(pw) {', '#hash'],
    ['  private readonly |find<T>(id: T): void {', 'find'],
    ['exports.hash = |(pw) => {', 'hash'],
    ['this.hash = function |(pw) {', 'hash'],
    ['{ hash: |(pw) => 1 }', 'hash'],
    ['app.get("/x", |(req, res) => {', ''],
    ['list.map(|x => x * 2)', ''],
    ['if |(ready) {', ''],
    ['return |function () {', ''],
    ['|', ''],
  ])('%j is %j', (text, name) => {
    expect(at(text)).toBe(name);
  });

  it('does not search in minified lines', () => {
    expect(functionNameAt([`${'x;'.repeat(2000)}function hash(){}`], 1, 4010)).toBe('');
  });
});

describe('enclosingFunctionName', () => {
  const lines = `import { pbkdf2Sync } from 'node:crypto';

export class Shop {
  private other(x: number): number {
    return x;
  }

  async checkout(cart: Cart): Promise<void> {
    for (const item of cart) {
      if (item.sold) {
        await this.other(item.price);
      }
    }
    cart.items.forEach((item) => {
      pbkdf2Sync(item.name, 'salt', 1, 1, 'sha1');
    });
  }
}

const total = (cart) => cart.items.reduce(sum);
run();
`.split('\n');

  it.each([
    [5, 5, 'other'],
    [11, 15, 'checkout'],
    [15, 7, 'checkout'],
    [20, 30, 'total'],
    [21, 1, ''],
    [99, 1, ''],
  ])('line %i column %i is in %j', (line, column, name) => {
    expect(enclosingFunctionName(lines, line, column)).toBe(name);
  });
});

it('tells minified names', () => {
  expect(['', 't', 'Xe', '$2', 'abc'].map(looksMinified)).toEqual([true, true, true, true, true]);
  expect(['hash', 'handler2'].map(looksMinified)).toEqual([false, false]);
});
