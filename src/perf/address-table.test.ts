import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressSpaces, isJitMapping } from './address-spaces.ts';
import { AddressTable } from './address-table.ts';

const mapping = (start: number, end: number, time: number, path: string) => ({
  start,
  end,
  time,
  path,
  offset: 0,
  buildId: undefined,
});

describe('addresses by number', () => {
  it('are the same number when space and address are the same', () => {
    const one = fc.tuple(fc.nat(3), fc.nat(0xffffffff), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 3000 }), (list) => {
        const table = new AddressTable();
        const known = new Map<string, number>();
        for (const [space, low, high] of list) {
          const row = table.intern(space, low, high);
          const key = `${space} ${low} ${high}`;
          expect(row).toBe(known.get(key) ?? known.size);
          known.set(key, row);
          expect([table.spaceOf(row), table.addressOf(row)]).toEqual([space, high * 2 ** 32 + low]);
        }
        expect(table.length).toBe(known.size);
      }),
      { numRuns: 30 },
    );
  });

  it('of the kernel lose the sixteen ones they begin with', () => {
    const table = new AddressTable();
    const row = table.intern(0, 0x81234567, 0xffffffff);
    expect(table.addressOf(row)).toBe(0xffff81234567);
  });
});

describe('address spaces', () => {
  it('hold what was mapped at an address over time', () => {
    const spaces = new AddressSpaces();
    spaces.map(1, mapping(100, 200, 0, '/a'));
    spaces.map(1, mapping(150, 250, 50, '/b'));
    const space = spaces.spaceOf(1);
    expect(spaces.at(space, 120).map(({ path }) => path)).toEqual(['/a']);
    expect(spaces.at(space, 160).map(({ path }) => path)).toEqual(['/a', '/b']);
    expect(spaces.at(space, 250)).toEqual([]);
  });

  it('of a child are those of its parent up to the fork, until it runs another program', () => {
    const spaces = new AddressSpaces();
    spaces.map(1, mapping(100, 200, 10, '/before'));
    spaces.map(1, mapping(300, 400, 90, '/after'));
    spaces.fork(2, 1, 50);
    const child = spaces.spaceOf(2);
    expect(spaces.at(child, 150).map(({ path }) => path)).toEqual(['/before']);
    expect(spaces.at(child, 350)).toEqual([]);
    spaces.exec(2);
    expect(spaces.at(child, 150)).toEqual([]);
  });

  it('end where parents go round in a ring', () => {
    const spaces = new AddressSpaces();
    spaces.fork(1, 2, 5);
    spaces.fork(2, 1, 5);
    expect(spaces.at(spaces.spaceOf(1), 7)).toEqual([]);
  });

  it('find what a search through all mappings finds', () => {
    const one = fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 200 }), fc.nat(100));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), fc.nat(700), (list, address) => {
        const spaces = new AddressSpaces();
        for (const [start, size, time] of list)
          spaces.map(1, mapping(start, start + size, time, `/${start}`));
        const found = spaces.at(spaces.spaceOf(1), address);
        const wanted = list.filter(([start, size]) => address >= start && address < start + size);
        expect(found.length).toBe(wanted.length);
        expect(found.map(({ time }) => time)).toEqual(wanted.map(([, , time]) => time).sort((a, b) => a - b));
      }),
    );
  });

  it('know memory that is no file', () => {
    for (const path of ['', '//anon', '[anon:v8]', '/memfd:x', '/dev/zero', '/tmp/jit-12.dump'])
      expect(isJitMapping(path)).toBe(true);
    for (const path of ['/usr/bin/node', '[vdso]', '/anon/x']) expect(isJitMapping(path)).toBe(false);
  });
});
