import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { ElfFile } from './elf.ts';
import { exportsSymbol, findSymbolAddress, neededLibraries } from './elf-symbols.ts';
import { ProcessMemory } from './process-memory.ts';
import { kindByName, readRuntime } from './runtime-binary.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-elf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A 700-byte ELF with .dynsym, .gnu.hash, .symtab and .dynamic: one exported and one local symbol. */
function drawElf(): Buffer {
  const text = '\0exported_name\0_ZN4node25start_io_thread_semaphoreE\0libnode.so.108\0';
  const names = '\0.dynsym\0.gnu.hash\0.symtab\0.strtab\0.shstrtab\0.dynamic\0';
  const file = Buffer.alloc(2048);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeBigUInt64LE(1024n, 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(7, 60);
  file.writeUInt16LE(5, 62);
  file.write(text, 256, 'latin1');
  file.write(names, 512, 'latin1');
  const symbol = (at: number, name: number, section: number, value: bigint): void => {
    file.writeUInt32LE(name, at);
    file.writeUInt16LE(section, at + 6);
    file.writeBigUInt64LE(value, at + 8);
  };
  symbol(640 + 24, text.indexOf('exported_name'), 1, 0x1000n);
  symbol(720 + 24, text.indexOf('_ZN4node'), 1, 0x5660460n);
  let hash = 5381;
  for (const char of 'exported_name') hash = (Math.imul(hash, 33) + char.charCodeAt(0)) >>> 0;
  // One bucket that starts at symbol 1, one bloom word, a chain of one.
  for (const [index, word] of [1, 1, 1, 0, 0, 0, 1, (hash | 1) >>> 0].entries())
    file.writeUInt32LE(word, 800 + index * 4);
  file.writeBigUInt64LE(1n, 900);
  file.writeBigUInt64LE(BigInt(text.indexOf('libnode')), 908);
  const section = (
    index: number,
    name: string,
    type: number,
    offset: number,
    size: number,
    link: number,
  ): void => {
    const at = 1024 + index * 64;
    file.writeUInt32LE(name === '' ? 0 : names.indexOf(name), at);
    file.writeUInt32LE(type, at + 4);
    file.writeBigUInt64LE(BigInt(offset), at + 24);
    file.writeBigUInt64LE(BigInt(size), at + 32);
    file.writeUInt32LE(link, at + 40);
  };
  section(1, '.dynsym', 11, 640, 48, 4);
  section(2, '.gnu.hash', 0x6ffffff6, 800, 32, 1);
  section(3, '.symtab', 2, 720, 48, 4);
  section(4, '.strtab', 3, 256, text.length, 0);
  section(5, '.shstrtab', 3, 512, names.length, 0);
  section(6, '.dynamic', 6, 900, 32, 4);
  return file;
}

function look(bytes: Buffer): unknown[] | undefined {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  const elf = ElfFile.open(path);
  if (elf === undefined) return undefined;
  try {
    return [
      exportsSymbol(elf, 'exported_name'),
      exportsSymbol(elf, 'other'),
      findSymbolAddress(elf, 'start_io_thread_semaphore'),
      neededLibraries(elf),
      elf.relocatable,
    ];
  } finally {
    elf.close();
  }
}

test('finds symbols and libraries', () => {
  expect(look(drawElf())).toEqual([true, false, 0x5660460, ['libnode.so.108'], false]);
});

test('truncated and flipped files give less, never an error', () => {
  const whole = drawElf();
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
      (cut, flips) => {
        const broken = Buffer.from(whole.subarray(0, cut));
        for (const [at, value] of flips) if (at < broken.length) broken[at] = value;
        expect(() => look(broken)).not.toThrow();
      },
    ),
    { numRuns: 300 },
  );
});

test('more sections than 16 bits hold (elf(5): e_shnum 0, SHN_XINDEX)', () => {
  const count = 65_300;
  const file = Buffer.alloc(128 + count * 64);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeBigUInt64LE(128n, 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(0xffff, 62);
  file.write('\0.last\0', 64, 'latin1');
  file.writeBigUInt64LE(BigInt(count), 128 + 32);
  file.writeUInt32LE(count - 2, 128 + 40);
  const names = 128 + (count - 2) * 64;
  file.writeBigUInt64LE(64n, names + 24);
  file.writeBigUInt64LE(7n, names + 32);
  file.writeUInt32LE(1, names + 64);
  const elf = ElfFile.fromBytes(file)!;
  expect(elf.sections).toHaveLength(count);
  expect(elf.section('.last')).toBe(elf.sections.at(-1));
  // One more than there are: cut.
  file.writeBigUInt64LE(BigInt(count + 1), 128 + 32);
  expect(ElfFile.fromBytes(file)).toBeUndefined();
  // Not a number of sections: the file has none.
  file.writeBigUInt64LE(3n, 128 + 32);
  expect(ElfFile.fromBytes(file)?.sections).toEqual([]);
});

test("this process' own Node is recognised with its version, without running it", () => {
  expect(readRuntime(process.pid, process.execPath, '/renamed/my-app')).toMatchObject({
    kind: 'node',
    nodeVersion: process.version.slice(1),
  });
  expect(readRuntime(process.pid, '/bin/sh', '/bin/sh').kind).toBe('none');
  expect(readRuntime(process.pid, join(folder, 'missing'), 'node').kind).toBe('none');
});

test('a script called node is no runtime', () => {
  const path = join(folder, 'node');
  writeFileSync(path, '#!/bin/sh\nexec /usr/bin/node "$@"\n');
  expect(readRuntime(process.pid, path, path).kind).toBe('none');
});

test('names alone', () => {
  expect(['/usr/bin/node', 'nodejs', 'node22', 'node-v18.20.8'].map(kindByName)).toEqual([
    'node',
    'node',
    'node',
    'node',
  ]);
  expect(['node_exporter', 'nodemon', 'deno', 'bun', '/opt/electron'].map(kindByName)).toEqual([
    'none',
    'none',
    'deno',
    'bun',
    'electron',
  ]);
});

test('reads the memory of a process; nothing mapped is an error that says so', () => {
  const maps = readFileSync('/proc/self/maps', 'latin1');
  const start = Number.parseInt(/^([0-9a-f]+)-[0-9a-f]+ r.*node/m.exec(maps)![1]!, 16);
  const memory = new ProcessMemory(process.pid);
  try {
    expect(memory.read(start, 4).toString('latin1')).toBe('\x7fELF');
    expect(() => memory.read(0, 8)).toThrow(expect.objectContaining({ code: 'E_FILE_TRUNCATED' }));
  } finally {
    memory.close();
  }
  expect(() => new ProcessMemory(2 ** 22 + 1)).toThrow(
    expect.objectContaining({ code: 'E_NO_SUCH_PROCESS' }),
  );
});
