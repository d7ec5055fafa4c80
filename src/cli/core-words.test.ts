import { describe, expect, test } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { parseCoreWords } from './core-words.ts';

describe("holter's own words", () => {
  test.each([
    ['bt', 'bt', '', {}],
    ['  bt --all  ', 'bt', '', { all: true }],
    ['bt --frames=5 --values', 'bt', '', { frames: '5', values: true }],
    ['threads --json', 'threads', '', { json: true }],
    ['thread 4711', 'thread', '4711', {}],
    ['frame', 'frame', '', {}],
    ['frame 3 --depth 2', 'frame', '3', { depth: '2' }],
    ['up 2', 'up', '2', {}],
    ['down', 'down', '', {}],
    ['inspect 3:req.url --depth 1', 'inspect', '3:req.url', { depth: '1' }],
    ['inspect 3:map["a --json b"].c', 'inspect', '3:map["a --json b"].c', {}],
    ['source 3 --lines 20', 'source', '3', { lines: '20' }],
    ['info --env', 'info', '', { env: true }],
    ['handles --only requests', 'handles', '', { only: 'requests' }],
    ['help inspect', 'help', 'inspect', {}],
    ['quit', 'quit', '', {}],
  ])('%s', (line, verb, rest, options) => {
    expect(parseCoreWords(line)).toEqual({ verb, rest, options });
  });

  test('a path or an address alone is inspect', () => {
    for (const line of [
      '3:req.url',
      '0x2f3ac1',
      '@0x2f3ac1.socket',
      '3',
      'req.url',
      'list[0]',
      'login:req.url',
    ])
      expect(parseCoreWords(line)).toEqual({ verb: 'inspect', rest: line, options: {} });
    expect(parseCoreWords('frame 3 arg 0 .url')).toMatchObject({
      verb: 'inspect',
      rest: 'frame 3 arg 0 .url',
    });
  });

  test('an empty line is nothing', () => expect(parseCoreWords('  ')).toBeUndefined());
});

describe("llnode's, lldb's and gdb's words", () => {
  test.each([
    ['v8 bt', 'bt', '', {}],
    ['v8 bt 10', 'bt', '', { frames: '10' }],
    ['bt all', 'bt', '', { all: true }],
    ['bt 10', 'bt', '', { frames: '10' }],
    ['thread backtrace all', 'bt', '', { all: true }],
    ['where', 'bt', '', {}],
    ['thread list', 'threads', '', {}],
    ['thread select 2', 'thread', '2', {}],
    ['t 2', 'thread', '2', {}],
    ['frame select 4', 'frame', '4', {}],
    ['f 4', 'frame', '4', {}],
    ['v8 i 0x2f3ac1', 'inspect', '0x2f3ac1', {}],
    ['v8 inspect -m 0x2f3ac1', 'inspect', '0x2f3ac1', { map: true }],
    ['v8 inspect --print-map --print-source 0x2f3ac1', 'inspect', '0x2f3ac1', { map: true, source: true }],
    ['v8 i -F 0x2f3ac1', 'inspect', '0x2f3ac1', { text: '100000000' }],
    ['v8 i --full-string 0x2f3ac1', 'inspect', '0x2f3ac1', { text: '100000000' }],
    ['v8 i -l 5 0x2f3ac1', 'inspect', '0x2f3ac1', { most: '5' }],
    ['v8 print 0x2f3ac1', 'inspect', '0x2f3ac1', {}],
    ['p req.url', 'inspect', 'req.url', {}],
    ['v8 source list', 'source', '', {}],
    ['v8 source list -l 5', 'source', '', { lines: '5' }],
    ['v8 findrefs -v 0x2f3ac1', 'refs', '0x2f3ac1', {}],
    ['refs 0x2f3ac1 --to-root --top 5', 'refs', '0x2f3ac1', { 'to-root': true, top: '5' }],
    ['v8 nodeinfo', 'info', '', {}],
    ['v8 getactivehandles', 'handles', '', { only: 'handles' }],
    ['v8 getactiverequests', 'handles', '', { only: 'requests' }],
    ['v8', 'help', '', {}],
    ['q', 'quit', '', {}],
    ['exit', 'quit', '', {}],
  ])('%s', (line, verb, rest, options) => {
    expect(parseCoreWords(line)).toEqual({ verb, rest, options });
  });
});

describe('refused, with a hint', () => {
  test.each([
    ['thraeds', /did you mean threads\?/],
    ['xyzzy', /help lists/],
    ['bt --depth 3', /it has --frames/],
    ['frame --depth', /--depth 3/],
    ['quit --now', /quit has none/],
  ])('%s', (line, hint) => {
    let error: unknown;
    try {
      parseCoreWords(line);
    } catch (cause) {
      error = cause;
    }
    expect(error).toBeInstanceOf(HolterError);
    expect((error as HolterError).hint).toMatch(hint);
  });
  test('a line without end', () => {
    expect(() => parseCoreWords('x'.repeat(100_000))).toThrow(HolterError);
  });
});
