import { describe, expect, it } from 'vitest';
import { aggregateFunctions } from './functions.ts';
import { readHeapProfile } from './heapprofile.ts';

const node = (functionName: string, url: string, selfSize: number, children: object[] = []) => ({
  callFrame: { functionName, url, scriptId: '1', lineNumber: 4, columnNumber: 2 },
  selfSize,
  id: 1,
  children,
});

const selfByName = (profile: object) =>
  Object.fromEntries(aggregateFunctions(readHeapProfile(profile)).map(({ name, self }) => [name, self]));

describe('readHeapProfile', () => {
  it('reads bytes by stack', () => {
    const tree = readHeapProfile({
      head: node('(root)', '', 0, [node('main', '/app/a.js', 10, [node('make', '/app/b.js', 90)])]),
      samples: [],
    });
    expect(tree.unit).toBe('bytes');
    expect([...tree.total]).toEqual([100, 100, 90]);
    expect(tree.frames.line[2]).toBe(5);
    expect([tree.from, tree.to, tree.samples.time.length]).toEqual([0, 0, 0]);
  });

  it('counts what holter allocates as (program), and what its wrapper passes through as the caller’s', () => {
    const own = node('sample', 'holter:inside', 7, [node('memoryUsage', 'node:process', 3)]);
    const wrapped = node('load', '/app/a.js', 1, [
      node('alloc', 'holter:inside', 2, [node('alloc', 'node:buffer', 50)]),
    ]);
    const tree = readHeapProfile({ head: node('(root)', '', 0, [own, wrapped]) });
    expect(aggregateFunctions(tree).find(({ name }) => name === 'load')?.total).toBe(51);
    expect(selfByName({ head: node('(root)', '', 0, [own, wrapped]) })).toEqual({
      alloc: 50,
      '(program)': 9,
      memoryUsage: 3,
      load: 1,
    });
  });

  it('is not stopped by depth', () => {
    let head = node('leaf', '/app/a.js', 8);
    for (let i = 0; i < 20_000; i++) head = node('down', '/app/a.js', 0, [head]);
    expect(readHeapProfile({ head: node('(root)', '', 0, [head]) }).total[0]).toBe(8);
  });

  it('merges siblings that are one function', () => {
    const twice = [node('a', '/app/a.js', 1), node('a', '/app/a.js', 2)];
    expect([...readHeapProfile({ head: node('(root)', '', 0, twice) }).self]).toEqual([0, 3]);
  });

  it.each([
    ['', 'E_FILE_FORMAT'],
    ['{}', 'E_FILE_FORMAT'],
    ['{"nodes":[]}', 'E_FILE_FORMAT'],
    ['{"samples":[],"head', 'E_FILE_TRUNCATED'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => readHeapProfile(text)).toThrow(expect.objectContaining({ code }));
  });
});
