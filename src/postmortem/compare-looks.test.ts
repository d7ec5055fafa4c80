import { expect, test } from 'vitest';
import { compareLooks } from './compare-looks.ts';
import type { JsFrame, StackFrame, StackReport } from './stack-frame.ts';

const js = (name: string, line: number): JsFrame => ({
  kind: 'js',
  name,
  functionName: name,
  place: { url: 'file:///a.js', line, column: 5, precision: 'exact' },
  tier: 'interpreter',
  isInlined: false,
  isConstructor: false,
  isAsync: false,
  pc: 1,
  fp: 1,
});
const native = (name: string, offset = 0): StackFrame => ({
  kind: 'native',
  name,
  file: 'node',
  offset,
  pc: 1,
  fp: 1,
});

function looks(stacks: StackFrame[][], isIdle = false): { at: number; report: StackReport }[] {
  return stacks.map((frames, i) => ({
    at: i * 500,
    report: {
      name: 'process 1',
      pid: 1,
      nodeVersion: '',
      v8Version: '',
      threads: [{ tid: 1, name: '', role: 'main', state: '', isIdle, frames, problems: [] }],
      problems: [],
    },
  }));
}
const compare = (...stacks: StackFrame[][]) => compareLooks(looks(stacks))[0];

test('the same place each time', () => {
  const stack = [js('spin', 8), js('main', 20), native('uv_run')];
  const found = compare(stack, stack, stack);
  expect(found).toMatchObject({ kind: 'same', looks: 3, spanMs: 1000, lines: [8], common: 3 });
  expect(found?.within).toBe(stack[0]);
});
test('the same functions, the innermost line moves', () => {
  const found = compare(
    [js('spin', 8), js('main', 20)],
    [js('spin', 10), js('main', 20)],
    [js('spin', 8), js('main', 20)],
  );
  expect(found).toMatchObject({ kind: 'line', lines: [8, 10], within: { name: 'spin' } });
});
test('what it calls changes: native frames on top do not matter', () => {
  const outer = [js('render', 3), js('main', 20), native('uv_run')];
  const found = compare([native('memcpy'), js('a', 1), ...outer], [js('b', 1), ...outer], outer);
  expect(found).toMatchObject({ kind: 'below', within: { name: 'render' }, common: 3 });
  expect(compare([native('memcpy'), ...outer], [native('malloc'), ...outer])).toMatchObject({ kind: 'same' });
});
test('nothing in common, idle, one look, no JavaScript', () => {
  expect(compare([js('a', 1)], [js('b', 1)])).toMatchObject({ kind: 'moved', common: 0 });
  expect(compareLooks(looks([[native('epoll')], [native('epoll')]], true))[0]).toMatchObject({
    kind: 'idle',
  });
  expect(compareLooks(looks([[js('a', 1)]]))).toEqual([]);
  expect(compare([native('a', 1), native('uv_run')], [native('a', 2), native('uv_run')])).toMatchObject({
    kind: 'line',
  });
  expect(compare([native('a', 1)], [native('a', 1)])).toMatchObject({ kind: 'same' });
  expect(compare([], [])).toMatchObject({ kind: 'moved' });
});
test('awaiting callers are not on the stack and do not count', () => {
  const waiting = { ...js('outer', 2), isAsync: true };
  expect(compare([js('a', 1), waiting], [js('a', 1)])).toMatchObject({ kind: 'same' });
});
