import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REGISTER } from '../linux/process-image.ts';
import { MOST_THREADS, readCoreNotes } from './core-notes.ts';
import { drawCore } from './drawn-core.fixture.ts';

const drawn = drawCore({
  pid: 7,
  threads: [{ tid: 9, rip: 0x1234, rsp: 0x5678 }, { tid: 7 }],
  signal: 7,
  fault: 0xabc0,
  files: [
    { start: 0x1000, end: 0x3000, offset: 0x2000, path: '/usr/bin/é' },
    { start: 0x4000, end: 0x5000, path: '/lib/x.so' },
  ],
});
const NOTES = drawn.subarray(
  Number(drawn.readBigUInt64LE(64 + 8)),
  Number(drawn.readBigUInt64LE(64 + 8) + drawn.readBigUInt64LE(64 + 32)),
);

describe('readCoreNotes', () => {
  it('gives threads with their registers, the leader, the signal and the files', () => {
    const notes = readCoreNotes(NOTES)!;
    expect(notes.pid).toBe(7);
    expect(notes.threads.map(({ tid }) => tid)).toEqual([9, 7]);
    expect(notes.threads[0]!.registers[REGISTER.rip]).toBe(0x1234);
    expect(notes.threads[0]!.registers[REGISTER.rsp]).toBe(0x5678);
    expect(notes.crash).toEqual({ signal: 7, name: 'SIGBUS', address: 0xabc0 });
    expect(notes.files).toEqual([
      { start: 0x1000, end: 0x3000, offset: 0x2000, path: '/usr/bin/é' },
      { start: 0x4000, end: 0x5000, offset: 0, path: '/lib/x.so' },
    ]);
  });

  it('without threads there is nothing to say', () => {
    expect(readCoreNotes(Buffer.alloc(0))).toBeUndefined();
    expect(readCoreNotes(Buffer.alloc(5000))).toBeUndefined();
    expect(readCoreNotes(Buffer.alloc(5000, 0xff))).toBeUndefined();
  });

  it('cut at every place gives what is whole before it', () => {
    for (let at = 0; at <= NOTES.length; at++) {
      const notes = readCoreNotes(NOTES.subarray(0, at));
      expect(notes === undefined || notes.threads.length > 0).toBe(true);
    }
  });

  it('a count of files that the note has no room for is not believed', () => {
    const bytes = Buffer.from(NOTES);
    const at = bytes.indexOf(Buffer.from('ELIF')) + 12;
    expect(bytes.readBigUInt64LE(at)).toBe(2n);
    for (const count of [3n, 2n ** 32n, 2n ** 40n, 2n ** 64n - 1n]) {
      bytes.writeBigUInt64LE(count, at);
      expect(readCoreNotes(bytes)!.files.length).toBeLessThanOrEqual(3);
    }
  });

  it('bytes of any kind end in bounded work', () => {
    const places = fc.array(fc.record({ at: fc.nat(NOTES.length - 5), word: fc.nat(2 ** 32 - 1) }), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(places, (damage) => {
        const bytes = Buffer.from(NOTES);
        for (const { at, word } of damage) bytes.writeUInt32LE(word, at);
        const notes = readCoreNotes(bytes);
        if (notes === undefined) return;
        expect(notes.threads.length).toBeLessThanOrEqual(MOST_THREADS);
        expect(notes.files.length).toBeLessThanOrEqual(NOTES.length / 24);
      }),
      { numRuns: 1000 },
    );
  });
});
