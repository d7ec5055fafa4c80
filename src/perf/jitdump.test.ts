import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameAt } from './jit-code-book.ts';
import { readJitDump } from './jitdump.ts';

function header(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt32LE(0x4a695444, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.writeUInt32LE(40, 8);
  bytes.writeUInt32LE(62, 12);
  bytes.writeUInt32LE(4711, 20);
  return bytes;
}

function record(id: number, time: number, body: Buffer, told = body.length + 16): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(id, 0);
  bytes.writeUInt32LE(told, 4);
  bytes.writeBigUInt64LE(BigInt(time), 8);
  return Buffer.concat([bytes, body]);
}

function load(time: number, start: number, name: string, code = 32, index = 0): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt32LE(4711, 0);
  bytes.writeUInt32LE(4711, 4);
  bytes.writeBigUInt64LE(BigInt(start), 8);
  bytes.writeBigUInt64LE(BigInt(start), 16);
  bytes.writeBigUInt64LE(BigInt(code), 24);
  bytes.writeBigUInt64LE(BigInt(index), 32);
  return record(0, time, Buffer.concat([bytes, Buffer.from(`${name}\0`), Buffer.alloc(code, 0x90)]));
}

/** With `short`, as V8 14 writes it: the record says it is smaller than what it holds. */
function debugInfo(time: number, names: readonly string[], short = 0): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(names.length), 8);
  const entries = names.map((name) => Buffer.concat([Buffer.alloc(16), Buffer.from(`${name}\0`)]));
  const body = Buffer.concat([head, ...entries]);
  return record(2, time, body, body.length + 16 - short);
}

function move(time: number, from: number, to: number, index: number): Buffer {
  const bytes = Buffer.alloc(48);
  for (const [at, value] of [
    [8, to],
    [16, from],
    [24, to],
    [32, 32],
    [40, index],
  ] as const)
    bytes.writeBigUInt64LE(BigInt(value), at);
  // pid and tid, vma, old address, new address, size, index: jitdump-specification.txt, CODE_MOVE.
  bytes.writeUInt32LE(4711, 0);
  bytes.writeUInt32LE(4711, 4);
  bytes.writeBigUInt64LE(BigInt(to), 8);
  bytes.writeBigUInt64LE(BigInt(from), 16);
  bytes.writeBigUInt64LE(BigInt(to), 24);
  bytes.writeBigUInt64LE(BigInt(32), 32);
  bytes.writeBigUInt64LE(BigInt(index), 40);
  return record(1, time, bytes);
}

describe('a jitdump', () => {
  it('gives code its name from the moment it was made, and where it was moved to', () => {
    const bytes = Buffer.concat([
      header(),
      load(1000, 0x1000, 'first', 32, 1),
      load(2000, 0x1000, 'second', 32, 2),
      move(3000, 0x1000, 0x5000, 2),
    ]);
    const dump = readJitDump(bytes)!;
    expect([dump.pid, dump.loads, dump.lost]).toEqual([4711, 3 - 1, 0]);
    expect(nameAt(dump.book.at(0x1010), 1500)).toBe('first');
    expect(nameAt(dump.book.at(0x1010), 2500)).toBe('second');
    expect(nameAt(dump.book.at(0x5010), 3500)).toBe('second');
  });

  it('survives records that say they are smaller than they are (Node 26)', () => {
    const bytes = Buffer.concat([
      header(),
      load(1000, 0x1000, 'before'),
      debugInfo(1100, ['node:internal/process/task_queues', '/app/x.js'], 20),
      load(1200, 0x2000, 'after'),
    ]);
    const dump = readJitDump(bytes)!;
    expect(dump.loads).toBe(2);
    expect(dump.book.at(0x2004)[0]!.name).toBe('after');
  });

  it('finds the next record behind bytes that are none', () => {
    const bytes = Buffer.concat([
      header(),
      load(1000, 0x1000, 'before'),
      Buffer.alloc(37, 0xee),
      load(1200, 0x2000, 'after'),
    ]);
    const dump = readJitDump(bytes)!;
    expect([dump.loads, dump.lost]).toEqual([2, 1]);
  });

  it('of any bytes ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const dump = readJitDump(Buffer.concat([header(), load(1, 16, 'x'), Buffer.from(bytes)]))!;
        expect(dump.loads).toBeGreaterThanOrEqual(1);
      }),
    );
    expect(readJitDump(Buffer.from('no jitdump, but long enough to be one, is it?'))).toBeUndefined();
  });
});
