import { describe, expect, test } from 'vitest';
import { drawFrames } from './stack.fixture.ts';
import { buildStackRows } from './stack-rows.ts';

function rowsOf(text: string): string[] {
  return buildStackRows(drawFrames(text), { cwd: '/srv/api' }).rows.map(
    ({ name, folded }) => `${name}${folded > 0 ? ` +${folded}` : ''}`,
  );
}

const own = (name: string, line: number) => `js ${name} file:///srv/api/app.js:${line}:1\n`;

describe('recursion', () => {
  test('of one function is its innermost calls and a number', () => {
    const text = own('leaf', 1) + own('walk', 2).repeat(50) + own('main', 9);
    expect(rowsOf(text)).toEqual(['leaf', 'walk', 'walk +48', 'main']);
  });

  test('of functions that call each other in turn', () => {
    const text = (own('even', 1) + own('odd', 2)).repeat(20) + own('main', 9);
    expect(rowsOf(text)).toEqual(['even', 'odd', 'even', 'odd +36', 'main']);
  });

  test('through builtins', () => {
    const text = `${own('visit', 1)}js Array.forEach builtin\n`.repeat(10) + own('main', 9);
    expect(rowsOf(text)).toEqual(['visit', 'Array.forEach', 'visit', 'Array.forEach +16', 'main']);
  });

  test('twice is none', () => {
    expect(rowsOf(own('a', 1) + own('b', 2) + own('a', 1) + own('b', 2))).toEqual(['a', 'b', 'a', 'b']);
  });

  test('no frame is lost in the numbers', () => {
    const frames = drawFrames((own('a', 1) + own('b', 2) + own('b', 3)).repeat(7) + own('c', 4));
    const { rows } = buildStackRows(frames, { cwd: '/srv/api' });
    expect(rows.reduce((sum, { folded }) => sum + 1 + folded, 0)).toBe(frames.length);
  });
});
