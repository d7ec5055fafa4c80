import { expect, it } from 'vitest';
import { codeByAddress, parsePerfCode } from './code-file.ts';
import { keptSymbolAt, parseKeptSymbols } from './kept-symbols.ts';
import { parseMapTimes } from './map-times.ts';
import { parsePerfRecording } from './perf-recording.ts';

const symbols = { schema: 'holter.perf-symbols/1', kernel: [[16, 0, 'x']], files: [] };
const times = { schema: 'holter.perf-map-times/1', pid: 1, timeUs: [1, 2], offset: [0, 9] };
const code = { schema: 'holter.perf-code/1', pid: 1, names: ['a', 'b'], code: [[4096, 0, 1]] };

it('reads what a recording keeps', () => {
  expect(parseKeptSymbols(JSON.stringify(symbols), 'f').kernel).toEqual([[16, 0, 'x']]);
  expect(parseMapTimes(JSON.stringify(times), 'f').times.time[1]).toBe(2000);
  expect(codeByAddress(parsePerfCode(JSON.stringify(code), 'f')).get(4096)).toEqual(['a', 'b']);
  expect(
    keptSymbolAt(
      [
        [10, 5, 'a'],
        [20, 0, 'b'],
      ],
      14,
      100,
    )?.[2],
  ).toBe('a');
  expect(
    keptSymbolAt(
      [
        [10, 5, 'a'],
        [20, 0, 'b'],
      ],
      15,
      100,
    ),
  ).toBeUndefined();
  expect(
    keptSymbolAt(
      [
        [10, 5, 'a'],
        [20, 0, 'b'],
      ],
      99,
      100,
    )?.[2],
  ).toBe('b');
});

it.each([
  [
    'symbols',
    parseKeptSymbols,
    [{}, null, { ...symbols, kernel: [[1, 2]] }, { ...symbols, files: [{ path: 1 }] }],
  ],
  ['times', parseMapTimes, [{}, null, { ...times, timeUs: [2, 1] }, { ...times, offset: [0] }]],
  ['code', parsePerfCode, [{}, null, { ...code, code: [[4096, 7]] }, { ...code, names: [1, 2] }]],
  ['recording', parsePerfRecording, [{}, { schema: 'holter.perf-recording/1' }]],
] as const)('refuses damaged %s with a reason', (_name, parse, values) => {
  for (const value of values) expect(() => parse(JSON.stringify(value), 'file')).toThrow(/file/);
  expect(() => parse('{', 'file')).toThrow(/file.*JSON/);
});
