import { expect, test } from 'vitest';
import { checkHasRun } from './app-load.ts';
import { shellWord } from './paths.ts';

test('a load command that is not there is no load; one that failed by itself may have been', () => {
  expect(() => checkHasRun('k7 run x.js', 127)).toThrow(/could not be run: k7 run x.js/);
  expect(() => checkHasRun('./x', 126)).toThrow(/could not be run/);
  for (const code of [0, 1, 99, 130]) expect(() => checkHasRun('k6 run x.js', code)).not.toThrow();
});

test('commands to go on with can be pasted into a shell', () => {
  expect(shellWord('../a-b/c_1.cpuprofile')).toBe('../a-b/c_1.cpuprofile');
  expect(shellWord("it's $HOME.cpuprofile")).toBe(`'it'\\''s $HOME.cpuprofile'`);
  expect(shellWord('-o.cpuprofile')).toBe("'-o.cpuprofile'");
});
