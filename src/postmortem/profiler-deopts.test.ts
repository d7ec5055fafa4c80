import { describe, expect, it } from 'vitest';
import type { Mapping } from '../linux/memory-map.ts';
import { findProfilerDeopts } from './profiler-deopts.ts';

const ENGINE = 0x40_0000;
const ARENA = 0x7f00_0400_0000;
const WRONG_MAP = ENGINE + 0x100;
const OTHER = ENGINE + 0x200;

const map = (start: number, size: number, permissions: string, path: string): Mapping => ({
  start,
  end: start + size,
  permissions,
  offset: 0,
  path,
});

/** A process of one page of the engine's texts and one arena, drawn word by word. */
class DrawnProcess {
  readonly arena: DataView;
  readonly engine: Uint8Array = new Uint8Array(4096);
  mappings: Mapping[];

  constructor(size = 0x2000, at = ARENA) {
    this.arena = new DataView(new ArrayBuffer(size));
    this.mappings = [map(ENGINE, 4096, 'r--p', '/usr/bin/node'), map(at, size, 'rw-p', '')];
    this.engine.set(Buffer.from('wrong map\0'), 0x100);
    this.engine.set(Buffer.from('some other text\0'), 0x200);
  }

  word(offset: number, ...values: number[]): void {
    for (const [at, value] of values.entries()) this.arena.setBigUint64(offset + 8 * at, BigInt(value), true);
  }

  /** A record at `offset` with its frames at `frames`. */
  record(
    offset: number,
    frames: number,
    places: [script: number, position: number][],
    reason = WRONG_MAP,
  ): void {
    const begin = this.mappings[1]!.start + frames;
    const end = begin + 16 * places.length;
    this.word(offset, reason, begin, end, end);
    for (const [at, [script, position]] of places.entries()) this.word(frames + 16 * at, script, position);
  }

  find() {
    const regions: [number, Uint8Array][] = [
      [ENGINE, this.engine],
      [this.mappings[1]!.start, new Uint8Array(this.arena.buffer)],
    ];
    return findProfilerDeopts({
      mappings: this.mappings,
      populated: (mapping) => [mapping],
      isEngine: ({ path }) => path === '/usr/bin/node',
      isReason: (text) => text === 'wrong map',
      read(address, into) {
        for (const [start, bytes] of regions) {
          if (address < start || address >= start + bytes.length) continue;
          const part = bytes.subarray(address - start, address - start + into.length);
          into.set(part);
          return part.length;
        }
        return 0;
      },
    });
  }
}

describe('findProfilerDeopts', () => {
  it('reads reason, scripts and positions, innermost first', async () => {
    const process = new DrawnProcess();
    process.record(0x40, 0x800, [
      [118, 637],
      [118, 4628],
    ]);
    expect((await process.find()).deopts).toEqual([
      {
        address: ARENA + 0x800,
        reason: 'wrong map',
        frames: [
          { scriptId: 118, position: 637 },
          { scriptId: 118, position: 4628 },
        ],
      },
    ]);
  });

  it('counts a record once whose copy a grown vector left behind', async () => {
    const process = new DrawnProcess();
    process.record(0x40, 0x800, [[118, 637]]);
    process.record(0x400, 0x800, [[118, 637]]);
    process.record(0x420, 0x820, [[118, 637]]);
    expect((await process.find()).deopts.map(({ address }) => address - ARENA)).toEqual([0x800, 0x820]);
  });

  it('takes nothing else for one', async () => {
    const process = new DrawnProcess();
    process.record(0x40, 0x800, [[118, 637]], OTHER);
    process.record(0x80, 0x820, [[0, 637]]);
    process.record(0xc0, 0x840, [[118, 2 ** 31]]);
    process.record(0x100, 0x860, [[118, 2 ** 40]]);
    // Empty, backwards, not of whole frames, nowhere.
    process.word(0x140, WRONG_MAP, ARENA + 0x900, ARENA + 0x900, ARENA + 0x900);
    process.word(0x180, WRONG_MAP, ARENA + 0x920, ARENA + 0x910, ARENA + 0x930);
    process.word(0x1c0, WRONG_MAP, ARENA + 0x900, ARENA + 0x908, ARENA + 0x910);
    process.word(0x200, WRONG_MAP, 0x5000_0000, 0x5000_0010, 0x5000_0010);
    process.word(0x240, WRONG_MAP, ARENA, ARENA + 2 ** 20, ARENA + 2 ** 20);
    expect((await process.find()).deopts).toEqual([]);
  });

  it('finds records on both sides of a chunk’s border and across it', async () => {
    const process = new DrawnProcess(0x20_0000);
    for (const [at, offset] of [0xf_ffc0, 0xf_ffe8, 0x10_0010, 0x1f_ff00].entries())
      process.record(offset, 0x8000 + 0x20 * at, [[7, at]]);
    expect((await process.find()).deopts.map(({ frames }) => frames[0]?.position).sort()).toEqual([
      0, 1, 2, 3,
    ]);
  });

  it('leaves V8’s own heap alone', async () => {
    const heap = 0x2000_0004_0000;
    const process = new DrawnProcess(0x4_0000, heap);
    process.record(0x40, 0x800, [[118, 637]]);
    expect(await process.find()).toEqual({ deopts: [], bytes: 0, limited: false });
  });

  it('survives any bytes, and mappings that are gone', async () => {
    const process = new DrawnProcess();
    const bytes = new Uint8Array(process.arena.buffer);
    let seed = 1;
    for (let at = 0; at < bytes.length; at++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      bytes[at] = seed >>> 16;
    }
    for (let at = 0; at < 0x1000; at += 0x80) process.word(at, WRONG_MAP);
    process.mappings.push(map(0x5000_0000, 0x10_0000, 'rw-p', '[heap]'));
    expect((await process.find()).deopts).toEqual([]);
  });
});
