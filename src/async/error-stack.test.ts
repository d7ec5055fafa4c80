import { expect, it } from 'vitest';
import { readErrorStack } from './error-stack.ts';

const short = (stack: string, message?: string): string[] =>
  readErrorStack(stack, message).map(
    ({ function: name, url, line, column, async: waits }) =>
      `${waits ? 'async ' : ''}${name}@${url}:${line}:${column}`,
  );

it('reads the frames of V8', () => {
  const stack = [
    "TypeError: Cannot read properties of undefined (reading 'id')",
    '    at loadOrder (/srv/api/my orders (new).js:41:20)',
    '    at Orders.find [as load] (file:///srv/api/orders.mjs:7:3)',
    '    at new Basket (C:\\srv\\basket.js:2:9)',
    '    at Object.<anonymous> (/srv/api/server.js:3:1)',
    '    at async Promise.all (index 0)',
    '    at async file:///srv/api/server.mjs:12:3',
    '    at JSON.parse (<anonymous>)',
    '    at eval (eval at run (/srv/api/eval.js:1:2), <anonymous>:3:4)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  ];
  expect(short(stack.join('\n'))).toEqual([
    'loadOrder@/srv/api/my orders (new).js:41:20',
    'Orders.find@file:///srv/api/orders.mjs:7:3',
    'Basket@C:\\srv\\basket.js:2:9',
    '@/srv/api/server.js:3:1',
    'async Promise.all@:0:0',
    'async @file:///srv/api/server.mjs:12:3',
    'JSON.parse@:0:0',
    'eval@:0:0',
    'process.processTicksAndRejections@node:internal/process/task_queues:95:5',
  ]);
});

it('takes no frame out of the message', () => {
  const message = 'no\n    at fake (/etc/passwd:1:1)\nmore';
  expect(short(`Error: ${message}\n    at real (/srv/a.js:1:2)`, message)).toEqual(['real@/srv/a.js:1:2']);
});

it('leaves holter out and is short with anything', () => {
  expect(short('Error: x\n    at stop (holter:errors:1:2)\n    at go (/a.js:1:2)')).toEqual(['go@/a.js:1:2']);
  expect(short('')).toEqual([]);
  expect(short('no stack at all')).toEqual([]);
  const many = `Error\n${'    at f (/a.js:1:1)\n'.repeat(5000)}`;
  expect(short(many)).toHaveLength(16);
  expect(short(`Error\n    at ${'('.repeat(100_000)}`)).toEqual([]);
});
