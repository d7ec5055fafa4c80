import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { symbolsOf } from './image-symbols.ts';
import { PagedMemory } from './memory.ts';
import { type Mapping, mappingAt, readMemoryMap } from './memory-map.ts';
import type { ImageSymbols } from './native-symbol.ts';
import type { ProcessImage } from './process-image.ts';
import { ProcessMemory } from './process-memory.ts';

const START = '_ZN4node5StartEiPPc';
const raw = new ProcessMemory(process.pid);
const folder = mkdtempSync(join(tmpdir(), 'holter-symbols-'));
afterAll(() => {
  raw.close();
  rmSync(folder, { recursive: true, force: true });
});

/** This very process, without stopping it. */
function ownImage(mappings: readonly Mapping[] = readMemoryMap(process.pid) ?? []): ProcessImage {
  return {
    kind: 'process',
    name: 'this process',
    pid: process.pid,
    memory: new PagedMemory({
      read(address, into) {
        try {
          into.set(raw.read(address, into.length));
          return into.length;
        } catch {
          return 0;
        }
      },
    }),
    mappings,
    threads: [],
    executable: process.execPath,
    fileOf: ({ path }) => (path.startsWith('/') ? path : undefined),
    problems: [],
    close() {},
  };
}

describe('symbols of this process', () => {
  let image: ProcessImage;
  let symbols: ImageSymbols;
  beforeEach(() => {
    image = ownImage();
    symbols = symbolsOf(image);
  });

  test('by name and back', () => {
    const start = symbols.addressOf(START)!;
    expect(symbols.at(start + 3)).toMatchObject({
      mangled: START,
      name: 'node::Start(int, char**)',
      offset: 3,
      file: process.execPath,
      isInside: true,
    });
    expect(symbols.fileAt(start)).toBe(process.execPath.split('/').at(-1));
    expect(symbols.frameRowAt(start)).toMatchObject({ cfa: { kind: 'register', register: 7, offset: 8 } });
    expect(symbols.addressOf('no_such_function')).toBeUndefined();
  });

  test('numbers as the file has them are the ones in memory', () => {
    const numbers = [...symbols.withPrefix('v8dbg_frametype_')].filter(([, { size }]) => size === 4);
    expect(numbers.length).toBeGreaterThan(5);
    for (const [name, { address, value }] of numbers) expect(image.memory.i32(address), name).toBe(value);
  });

  test('the vdso, which is no file', () => {
    const vdso = image.mappings.find(({ path }) => path === '[vdso]')!;
    const names = new Set<string>();
    for (let address = vdso.start; address < vdso.end; address += 16) {
      const symbol = symbols.at(address);
      if (symbol?.isInside !== true) continue;
      // Two names for one place.
      const name = symbol.name.replace('__vdso_', '');
      names.add(name);
      if (name === 'clock_gettime') expect(symbols.frameRowAt(address)).toBeDefined();
    }
    expect(names).toContain('clock_gettime');
    expect(symbols.fileAt(vdso.start)).toBe('[vdso]');
  });

  test('jumps to other files are called after what they jump to', () => {
    const code = mappingAt(image.mappings, symbols.addressOf('_init')!)!;
    const names: string[] = [];
    for (let address = code.start; address < Math.min(code.end, code.start + 0x4000); address += 8)
      names.push(symbols.at(address)?.name ?? '');
    expect(names).toEqual(expect.arrayContaining(['memcpy@plt', 'pthread_mutex_lock@plt']));
  });

  test('what is mapped from no file, and what is not mapped', () => {
    const stack = image.mappings.find(({ path }) => path === '[stack]')!;
    for (const address of [stack.start, 0, Number.NaN, -1, 2 ** 60]) {
      expect(symbols.at(address)).toBeUndefined();
      expect(symbols.frameRowAt(address)).toBeUndefined();
    }
    expect(symbols.fileAt(0)).toBe('');
  });
});

test('files that are gone, that are none, and that are cut', () => {
  const rubbish = join(folder, 'rubbish.so');
  writeFileSync(rubbish, '\x7fELF\x02\x01\x01');
  const paths = [join(folder, 'gone.so'), rubbish, '[vdso]'];
  const image = ownImage(
    paths.map((path, index) => ({
      start: 0x1000 * (index + 1),
      end: 0x1000 * (index + 2),
      permissions: 'r-xp',
      offset: 0,
      path,
    })),
  );
  const symbols = symbolsOf(image);
  for (const address of [0x1010, 0x2010, 0x3010]) {
    expect(symbols.at(address)).toBeUndefined();
    expect(symbols.frameRowAt(address)).toBeUndefined();
  }
  expect(symbols.addressOf(START)).toBeUndefined();
  expect(image.problems).toEqual([`${paths[0]} cannot be read: its functions have no names`]);
});
