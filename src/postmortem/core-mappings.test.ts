import { describe, expect, it } from 'vitest';
import type { CoreSegment } from './core-header.ts';
import { joinMappings } from './core-mappings.ts';

const READ_WRITE = 6;
const segment = (start: number, memorySize: number, fileSize = memorySize): CoreSegment => ({
  type: 1,
  flags: READ_WRITE,
  offset: 4096,
  start,
  fileSize,
  memorySize,
});
const binary = { start: 0x40_0000, end: 0x50_0000, offset: 0, path: '/usr/bin/node' };

describe('mappings of a core', () => {
  it('are its segments, with the files that they belong to', () => {
    const mappings = joinMappings(
      [binary],
      [segment(0x7f00_0000_0000, 0x2000), segment(binary.start, 0x10_0000, 4096)],
    );
    // Of a binary only the first page is in a core: its file has the rest.
    expect(mappings).toEqual([
      { ...binary, permissions: 'rw-p' },
      { start: 0x7f00_0000_0000, end: 0x7f00_0000_2000, permissions: 'rw-p', offset: 0, path: '' },
    ]);
  });

  it('end where the next begins, with what the core has of them, and with the memory of users', () => {
    const damaged = 2 ** 62;
    const ends = joinMappings(
      [],
      [
        segment(0x1000, damaged, 0x2000),
        segment(0x10_0000, damaged, 0),
        segment(0x20_0000, damaged, damaged),
        segment(0x7f00_0000_0000, damaged),
        // The kernel lists a page of its own.
        segment(2 ** 64 - 2 ** 23, 4096),
      ],
    ).map(({ end }) => end);
    expect(ends).toEqual([0x3000, 0x20_0000, 0x7f00_0000_0000, 2 ** 47, 2 ** 64 - 2 ** 23 + 4096]);
  });
});
