import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallFrameInfo, type FrameRow, type FrameRule } from './call-frame-info.ts';
import { evaluateExpression } from './dwarf-expression.ts';
import { ElfFile } from './elf.ts';
import { PagedMemory } from './memory.ts';
import { readMemoryMap } from './memory-map.ts';

const hasReadelf = spawnSync('readelf', ['--version']).error === undefined;
/** DWARF numbers of x86-64 as readelf names them. */
const REGISTERS = 'rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 ra'.split(' ');

/** Of this very process: what a tool needs to get out of `clock_gettime`. */
function readVdso(): Buffer {
  const mapping = (readMemoryMap(process.pid) ?? []).find(({ path }) => path === '[vdso]');
  if (mapping === undefined) throw new Error('this process has no vdso');
  const bytes = Buffer.alloc(mapping.end - mapping.start);
  const fd = openSync('/proc/self/mem', 'r');
  readSync(fd, bytes, 0, bytes.length, mapping.start);
  closeSync(fd);
  return bytes;
}

function libraryOf(name: RegExp): string {
  const found = (readMemoryMap(process.pid) ?? []).find(({ path }) => name.test(path));
  if (found === undefined) throw new Error(`this process has no ${name}`);
  return found.path;
}

function textOfCfa(rule: FrameRule): string {
  if (rule.kind === 'register')
    return `${REGISTERS[rule.register]}${rule.offset < 0 ? '' : '+'}${rule.offset}`;
  return rule.kind === 'value-expression' ? 'exp' : rule.kind;
}

function textOfRule(row: FrameRow, register: number): string {
  const rule = row.registers.get(register);
  if (rule === undefined || rule.kind === 'undefined') return 'u';
  if (rule.kind === 'same') return 's';
  if (rule.kind === 'offset') return `c${rule.offset < 0 ? '' : '+'}${rule.offset}`;
  if (rule.kind === 'value') return `v${rule.offset < 0 ? '' : '+'}${rule.offset}`;
  if (rule.kind === 'register') return REGISTERS[rule.register] ?? '?';
  return rule.kind === 'expression' ? 'exp' : 'vexp';
}

/** Rows of all functions as binutils reads them: address, CFA, and each column's register and rule. */
function rowsOfReadelf(path: string): Map<number, { cfa: string; rules: [string, string][] }> {
  const { stdout } = spawnSync('readelf', ['--debug-dump=frames-interp', path], {
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
  });
  const rows = new Map<number, { cfa: string; rules: [string, string][] }>();
  let columns: string[] = [];
  let isFunction = false;
  for (const line of stdout.split('\n')) {
    if (/^[0-9a-f]{8} /.test(line)) isFunction = / FDE /.test(line);
    const words = line.trim().split(/\s+/);
    if (words[0] === 'LOC') columns = words.slice(2);
    else if (isFunction && /^[0-9a-f]{16}$/.test(words[0] ?? '') && words.length === columns.length + 2)
      rows.set(Number.parseInt(words[0]!, 16), {
        cfa: words[1]!,
        rules: columns.map((name, index) => [name, words[index + 2]!]),
      });
  }
  return rows;
}

describe(hasReadelf ? 'rules of all functions' : 'rules: not compared, readelf is not installed', () => {
  test.runIf(hasReadelf).each([
    ['libc', /\/libc\.so\.6$|\/libc-[\d.]+\.so$/],
    ['libstdc++', /\/libstdc\+\+\.so/],
  ])('of %s as readelf reads them', (_, name) => {
    const path = libraryOf(name);
    const elf = ElfFile.open(path)!;
    const frames = CallFrameInfo.open(elf)!;
    const rows = rowsOfReadelf(path);
    expect(rows.size).toBeGreaterThan(5000);
    let compared = 0;
    for (const [address, { cfa, rules }] of rows) {
      const row = frames.rowAt(address);
      // Two entries may begin at one address; the table names one of them.
      if (row === undefined) continue;
      compared++;
      expect(textOfCfa(row.cfa), address.toString(16)).toBe(cfa);
      for (const [register, rule] of rules)
        expect(textOfRule(row, REGISTERS.indexOf(register)), `${address.toString(16)} ${register}`).toBe(
          rule,
        );
    }
    expect(compared / rows.size).toBeGreaterThan(0.999);
    elf.close();
  });
});

describe('CallFrameInfo', () => {
  const vdso = readVdso();
  const frames = CallFrameInfo.open(ElfFile.fromBytes(vdso)!)!;

  test('reads the vdso, which is in memory only', () => {
    const elf = ElfFile.fromBytes(vdso)!;
    const code = elf.segments.find(({ type, flags }) => type === 1 && (flags & 1) !== 0)!;
    const rows = Array.from({ length: 64 }, (_, index) =>
      frames.rowAt(code.address + Math.floor((code.fileSize * index) / 64)),
    ).filter((row) => row !== undefined);
    expect(rows.length).toBeGreaterThan(8);
    for (const { returnRegister } of rows) expect(returnRegister).toBe(16);
  });

  test('ends with a row or none on flipped and cut bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(vdso.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 40 }),
        fc.integer({ min: 64, max: vdso.length }),
        fc.array(fc.nat(0x4000), { minLength: 1, maxLength: 20 }),
        (flips, length, addresses) => {
          const bytes = Buffer.from(vdso.subarray(0, length));
          for (const [at, mask] of flips) if (at < length) bytes[at]! ^= mask;
          const elf = ElfFile.fromBytes(bytes);
          const damaged = elf === undefined ? undefined : CallFrameInfo.open(elf);
          for (const address of addresses) {
            const row = damaged?.rowAt(address);
            if (row !== undefined) expect(row.registers).toBeInstanceOf(Map);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('evaluateExpression', () => {
  const words = Buffer.alloc(64);
  words.writeBigUInt64LE(0x1234n, 16);
  const memory = new PagedMemory({
    read: (address, into) =>
      address >= 4096 && address < 4160
        ? words.copy(into, 0, address - 4096, Math.min(64, address - 4096 + into.length))
        : 0,
  });
  const registers = new Float64Array(17).fill(Number.NaN);
  registers[7] = 4096;
  registers[16] = 0x401_00c;

  test('of a PLT entry: eight more behind its push', () => {
    // breg7 8, breg16 0, lit15, and, lit11, ge, lit3, shl, plus
    const plt = Uint8Array.of(0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22);
    expect(evaluateExpression(plt, registers, memory)).toBe(4096 + 8 + 8);
    registers[16] = 0x401_006;
    expect(evaluateExpression(plt, registers, memory)).toBe(4096 + 8);
  });

  test('reads memory: of a signal frame', () => {
    expect(evaluateExpression(Uint8Array.of(0x77, 0x10, 0x06), registers, memory)).toBe(0x1234);
    expect(evaluateExpression(Uint8Array.of(0x70, 0x10, 0x06), registers, memory)).toBeNaN();
  });

  test('ends for all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(typeof evaluateExpression(bytes, registers, memory)).toBe('number');
      }),
      { numRuns: 3000 },
    );
  });
});
