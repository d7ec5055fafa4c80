import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ElfFile } from './elf.ts';
import { ElfSymbolTable } from './elf-symbol-table.ts';
import { readMemoryMap } from './memory-map.ts';

interface Drawn {
  name: string;
  value: number;
  /** 0 none, 1 data, 2 function. */
  type: number;
  /** 0: of another file. */
  section?: number;
}

/** An ELF file with these symbols in `.symtab` and these in `.dynsym`; names may share their tails as linkers make them do. */
function drawElf(symbols: readonly Drawn[], dynamic: readonly Drawn[] = []): Buffer {
  const names: string[] = [''];
  let text = '\0';
  const offsetOf = (name: string): number => {
    const at = text.indexOf(`${name}\0`);
    if (at > 0) return at;
    names.push(name);
    text += `${name}\0`;
    return text.length - name.length - 1;
  };
  const tableOf = (list: readonly Drawn[]): Buffer => {
    const table = Buffer.alloc(24 * (list.length + 1));
    list.forEach(({ name, value, type, section = 1 }, index) => {
      const at = 24 * (index + 1);
      table.writeUInt32LE(offsetOf(name), at);
      table[at + 4] = type;
      table.writeUInt16LE(section, at + 6);
      table.writeBigUInt64LE(BigInt(value), at + 8);
      table.writeBigUInt64LE(16n, at + 16);
    });
    return table;
  };
  // Long names first: shorter ones are found in their tails.
  for (const { name } of [...symbols, ...dynamic].sort((a, b) => b.name.length - a.name.length))
    offsetOf(name);
  const tables = [tableOf(symbols), tableOf(dynamic)];
  const strings = Buffer.from(text, 'latin1');
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeUInt16LE(2, 16);
  header.writeBigUInt64LE(64n, 40);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(4, 60);
  const sections = Buffer.alloc(4 * 64);
  let at = 64 + sections.length;
  const section = (index: number, type: number, bytes: Buffer): void => {
    sections.writeUInt32LE(type, index * 64 + 4);
    sections.writeBigUInt64LE(BigInt(at), index * 64 + 24);
    sections.writeBigUInt64LE(BigInt(bytes.length), index * 64 + 32);
    sections.writeUInt32LE(3, index * 64 + 40);
    at += bytes.length;
  };
  section(1, 2, tables[0]!);
  section(2, 11, tables[1]!);
  section(3, 3, strings);
  return Buffer.concat([header, sections, ...tables, strings]);
}

const tableOf = (bytes: Buffer): ElfSymbolTable => new ElfSymbolTable(ElfFile.fromBytes(bytes)!);
const nameAt = (table: ElfSymbolTable, address: number): string | undefined =>
  table.nearest([address])[0]?.name;

describe('nearest', () => {
  test('is the function that begins at or below an address', () => {
    const table = tableOf(
      drawElf([
        { name: 'second', value: 0x2000, type: 2 },
        { name: 'first', value: 0x1000, type: 2 },
        { name: 'data', value: 0x1800, type: 1 },
        { name: 'elsewhere', value: 0x1900, type: 2, section: 0 },
      ]),
    );
    expect([0xfff, 0x1000, 0x1fff, 0x2000, 0x9_0000].map((address) => nameAt(table, address))).toEqual([
      undefined,
      'first',
      'first',
      'second',
      'second',
    ]);
  });

  test('one with a type goes before one without, whatever their order and table', () => {
    const typed = { name: 'typed', value: 0x1000, type: 2 };
    const plain = { name: 'plain', value: 0x1000, type: 0 };
    expect(nameAt(tableOf(drawElf([plain, typed])), 0x1004)).toBe('typed');
    expect(nameAt(tableOf(drawElf([typed, plain])), 0x1004)).toBe('typed');
    expect(nameAt(tableOf(drawElf([plain], [typed])), 0x1004)).toBe('typed');
  });

  test('equals a search of all, also where symbols are millions of bytes apart', () => {
    const value = fc.oneof(
      fc.nat(4096),
      fc.nat(2 ** 31 - 1),
      fc.nat(2 ** 31 - 1).map((low) => low * 2 ** 15),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(value, { maxLength: 60 }),
        fc.array(value, { minLength: 1, maxLength: 20 }),
        (values, asked) => {
          const table = tableOf(
            drawElf(values.map((each, index) => ({ name: `s${index}`, value: each, type: 2 }))),
          );
          const expected = asked.map((address) => {
            const below = values.filter((each) => each <= address);
            return below.length === 0 ? undefined : Math.max(...below);
          });
          expect(table.nearest(asked).map((symbol) => symbol?.value)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('withPrefix', () => {
  test('finds names that are tails of others', () => {
    const table = tableOf(
      drawElf([
        { name: 'slow_io_pending_wq', value: 0x10, type: 1 },
        { name: 'wq', value: 0x20, type: 1 },
        { name: 'v8dbg_type_Map', value: 0x30, type: 1 },
        { name: 'v8dbg_frametype_Stub', value: 0x40, type: 1 },
      ]),
    );
    expect(table.find('wq')?.value).toBe(0x20);
    expect(table.find('w')).toBeUndefined();
    expect([...table.withPrefix('v8dbg_').keys()].sort()).toEqual(['v8dbg_frametype_Stub', 'v8dbg_type_Map']);
  });

  test('long names are read whole', () => {
    const name = `_ZN${'x'.repeat(5000)}E`;
    expect(nameAt(tableOf(drawElf([{ name, value: 8, type: 2 }])), 9)).toBe(name);
  });
});

test('damaged tables give something or nothing, and end', () => {
  const whole = drawElf(
    Array.from({ length: 30 }, (_, index) => ({
      name: `symbol_${index}`,
      value: index * 100,
      type: index % 3,
    })),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.integer({ min: 64, max: whole.length }),
      fc.array(fc.double({ noNaN: true, min: -1, max: 2 ** 60 }), { maxLength: 10 }),
      (flips, length, addresses) => {
        const bytes = Buffer.from(whole.subarray(0, length));
        for (const [at, mask] of flips) if (at < length) bytes[at]! ^= mask;
        const elf = ElfFile.fromBytes(bytes);
        if (elf === undefined) return;
        const table = new ElfSymbolTable(elf);
        for (const symbol of table.nearest(addresses))
          if (symbol !== undefined) expect(typeof symbol.name).toBe('string');
        table.withPrefix('symbol');
      },
    ),
    { numRuns: 2000 },
  );
});

const hasReadelf = spawnSync('readelf', ['--version']).error === undefined;

describe(hasReadelf ? 'libc' : 'libc: not compared, readelf is not installed', () => {
  test.runIf(hasReadelf)('every function as readelf lists it', () => {
    const path = (readMemoryMap(process.pid) ?? []).find(({ path }) => /\/libc[-.].*so/.test(path))!.path;
    const { stdout } = spawnSync('readelf', ['-sW', '--dyn-syms', path], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const listed = new Map<number, Set<string>>();
    for (const line of stdout.split('\n')) {
      const match = /^\s*\d+: ([0-9a-f]{16})\s+\S+\s+(?:FUNC|IFUNC)\s+\S+\s+\S+\s+(\d+)\s+([^@\s]+)/.exec(
        line,
      );
      if (match === null) continue;
      const value = Number.parseInt(match[1]!, 16);
      listed.set(value, (listed.get(value) ?? new Set()).add(match[3]!));
    }
    expect(listed.size).toBeGreaterThan(1000);
    const elf = ElfFile.open(path)!;
    const values = [...listed.keys()];
    const found = new ElfSymbolTable(elf).nearest(values);
    for (const [index, value] of values.entries()) {
      expect(found[index]?.value).toBe(value);
      expect(listed.get(value)).toContain(found[index]?.name);
    }
    elf.close();
  });
});
