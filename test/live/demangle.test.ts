import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { built } from './built.ts';

const NODES = fileURLToPath(new URL('../nodes/node_modules', import.meta.url));
const { demangle, demangleFunction } =
  await built<typeof import('../../src/linux/demangle.ts')>('linux/demangle.js');

const hasOracle = spawnSync('c++filt', ['--version']).status === 0;
if (!hasOracle)
  console.warn('NOT RUN: the demangler against c++filt, which is not installed (apt-get install binutils)');

/** What begins with `_Z` in the string tables of symbols and dynamic symbols, read here without holter's own reader. */
function mangledNames(path: string): string[] {
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const got = readSync(file, bytes, done, length - done, offset + done);
        if (got === 0) throw new Error(`${path} ends at ${offset + done}`);
        done += got;
      }
      return bytes;
    };
    const header = read(0, 64);
    expect(fstatSync(file).size).toBeGreaterThan(1e6);
    const [sections, size, count] = [
      Number(header.readBigUInt64LE(40)),
      header.readUInt16LE(58),
      header.readUInt16LE(60),
    ];
    const table = read(sections, size * count);
    const names = new Set<string>();
    for (let index = 0; index < count; index++) {
      const type = table.readUInt32LE(index * size + 4);
      // SHT_SYMTAB, SHT_DYNSYM
      if (type !== 2 && type !== 11) continue;
      const at = (section: number, field: number): number =>
        Number(table.readBigUInt64LE(section * size + field));
      const strings = table.readUInt32LE(index * size + 40);
      const symbols = read(at(index, 24), at(index, 32));
      const texts = read(at(strings, 24), at(strings, 32));
      for (let offset = 0; offset < symbols.length; offset += 24) {
        const start = symbols.readUInt32LE(offset);
        if (texts[start] !== 0x5f || texts[start + 1] !== 0x5a) continue;
        names.add(texts.toString('latin1', start, texts.indexOf(0, start)).replace(/@.*/, ''));
      }
    }
    return [...names].sort();
  } finally {
    closeSync(file);
  }
}

/**
 * Where c++filt itself is wrong: a constructor of a class without a name, an inherited one, and one that was named by a
 * substitution before get the name of something else.
 */
const MOST_DIFFERENT = 0.001;

describe.runIf(hasOracle).each(['18', '20', '22', '24', '26'])('every C++ name of Node %s', (major) => {
  const path = `${NODES}/node${major}/bin/node`;
  test.runIf(existsSync(path))('reads as c++filt writes it', { timeout: 120_000 }, () => {
    const names = mangledNames(path);
    expect(names.length).toBeGreaterThan(50_000);
    const oracle = spawnSync('c++filt', { input: names.join('\n'), encoding: 'utf8', maxBuffer: 2 ** 28 });
    const expected = oracle.stdout.trimEnd().split('\n');
    expect(expected.length).toBe(names.length);
    const different: string[] = [];
    let known = 0;
    let unknownToBoth = 0;
    for (const [index, mangled] of names.entries()) {
      const name = demangle(mangled);
      if (expected[index] === mangled) {
        // Newer than this c++filt (concepts, constraints), or data that was split.
        if (name === mangled) unknownToBoth++;
        continue;
      }
      known++;
      if (name !== expected[index]) different.push(`${mangled}\n  ${expected[index]}\n  ${name}`);
    }
    console.log(
      `Node ${major}: ${names.length} names, ${known} known to c++filt, ${different.length} different, ${unknownToBoth} unknown to both`,
    );
    expect(known / names.length).toBeGreaterThan(0.95);
    expect(different.length / known, different.slice(0, 5).join('\n')).toBeLessThan(MOST_DIFFERENT);
    expect(unknownToBoth / names.length).toBeLessThan(MOST_DIFFERENT);
    // Without parameters and return types, as flame graphs have them.
    const short = spawnSync('c++filt', ['-p'], {
      input: names.join('\n'),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const shorter = short.stdout.trimEnd().split('\n');
    const others = names.filter((mangled, index) => {
      const wanted = shorter[index]!;
      return (
        wanted !== mangled && demangleFunction(mangled) !== wanted.replace(/(?: \[clone [^\]]*\])+$/, '')
      );
    });
    expect(others.length / known, others.slice(0, 5).join('\n')).toBeLessThan(MOST_DIFFERENT);
  });
});
