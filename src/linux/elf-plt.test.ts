import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ElfFile } from './elf.ts';
import { LinkageTable } from './elf-plt.ts';
import { readMemoryMap } from './memory-map.ts';

const SECTIONS = ['.plt', '.plt.sec', '.plt.got'];
const hasObjdump = spawnSync('objdump', ['--version']).error === undefined;

/** Entries of all tables as binutils names them: address → name. */
function entriesOfObjdump(path: string): Map<number, string> {
  const { stdout } = spawnSync('objdump', ['-d', ...SECTIONS.flatMap((name) => ['-j', name]), path], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const entries = new Map<number, string>();
  // With the version of the symbol, which is not part of its name.
  for (const [, address, name] of stdout.matchAll(/^([0-9a-f]{16}) <([^*\s]+)@plt>:$/gm))
    entries.set(Number.parseInt(address!, 16), name!.replace(/@.*$/, ''));
  return entries;
}

describe(hasObjdump ? 'entries' : 'entries: not compared, objdump is not installed', () => {
  const libraries = (readMemoryMap(process.pid) ?? []).map(({ path }) => path);
  const paths = new Set(
    libraries.filter((path) => /\/(node|libc|libm|libstdc\+\+|libgcc_s)(-[\d.]+)?(\.so[.\d]*)?$/.test(path)),
  );
  test.runIf(hasObjdump)('of the binaries of this process as objdump names them', () => {
    let compared = 0;
    for (const path of paths) {
      const elf = ElfFile.open(path)!;
      const table = new LinkageTable(elf);
      for (const [start, name] of entriesOfObjdump(path)) {
        compared++;
        for (const offset of [0, 6, 7]) {
          expect(table.holds(start + offset)).toBe(true);
          expect(table.entryAt(start + offset), `${path} ${start.toString(16)}`).toEqual({ name, start });
        }
      }
      elf.close();
    }
    expect(compared).toBeGreaterThan(100);
  });
});

/** An entry in `.plt` at 0x1010 and one in `.plt.got` at 0x2008, each through a slot. */
function drawElf(): Buffer {
  const names = '\0.plt\0.plt.got\0.rela.plt\0.rela.dyn\0.dynsym\0.dynstr\0.names\0';
  const strings = '\0usual\0eager\0';
  const file = Buffer.alloc(2048);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeBigUInt64LE(1024n, 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(8, 60);
  file.writeUInt16LE(7, 62);
  const contents: [name: string, type: number, address: number, bytes: Buffer][] = [
    ['.plt', 1, 0x1000, Buffer.alloc(32)],
    ['.plt.got', 1, 0x2000, Buffer.alloc(16)],
    ['.rela.plt', 4, 0, Buffer.alloc(24)],
    ['.rela.dyn', 4, 0, Buffer.alloc(24)],
    ['.dynsym', 11, 0, Buffer.alloc(72)],
    ['.dynstr', 3, 0, Buffer.from(strings)],
    ['.names', 3, 0, Buffer.from(names)],
  ];
  const [plt, got, lazy, eager, symbols] = contents.map(([, , , bytes]) => bytes) as Buffer[];
  plt!.set([0xff, 0x25], 16);
  plt!.writeInt32LE(0x3000 - 0x1016, 18);
  got!.set([0xff, 0x25], 8);
  got!.writeInt32LE(0x3008 - 0x200e, 10);
  lazy!.writeUInt32LE(0x3000, 0);
  lazy!.writeUInt32LE(1, 12);
  eager!.writeUInt32LE(0x3008, 0);
  eager!.writeUInt32LE(2, 12);
  symbols!.writeUInt32LE(strings.indexOf('usual'), 24);
  symbols!.writeUInt32LE(strings.indexOf('eager'), 48);
  let offset = 64;
  for (const [index, [name, type, address, bytes]] of contents.entries()) {
    const at = 1024 + 64 * (index + 1);
    bytes.copy(file, offset);
    file.writeUInt32LE(names.indexOf(`${name}\0`), at);
    file.writeUInt32LE(type, at + 4);
    file.writeBigUInt64LE(BigInt(address), at + 16);
    file.writeBigUInt64LE(BigInt(offset), at + 24);
    file.writeBigUInt64LE(BigInt(bytes.length), at + 32);
    file.writeUInt32LE(6, at + 40);
    offset += bytes.length;
  }
  return file;
}

describe('LinkageTable', () => {
  test('names jumps of both kinds, and not what has no slot', () => {
    const table = new LinkageTable(ElfFile.fromBytes(drawElf())!);
    expect(table.entryAt(0x1016)).toEqual({ name: 'usual', start: 0x1010 });
    expect(table.entryAt(0x200b)).toEqual({ name: 'eager', start: 0x2008 });
    // The first entry of the table calls the loader.
    expect(table.holds(0x1000)).toBe(true);
    expect(table.entryAt(0x1000)).toBeUndefined();
    expect(table.holds(0x1020)).toBe(false);
    expect(table.entryAt(0x4000)).toBeUndefined();
  });

  test('damaged ones give a name or none', () => {
    const whole = drawElf();
    const flip = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(
        fc.array(flip, { maxLength: 12 }),
        fc.integer({ min: 64, max: whole.length }),
        (flips, length) => {
          const bytes = Buffer.from(whole.subarray(0, length));
          for (const [at, mask] of flips) if (at < length) bytes[at]! ^= mask;
          const elf = ElfFile.fromBytes(bytes);
          if (elf === undefined) return;
          const table = new LinkageTable(elf);
          for (const address of [0x1000, 0x1010, 0x1fff, 0x2000, 0x2008, Number.NaN])
            expect(table.entryAt(address)?.name).not.toBe('');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
