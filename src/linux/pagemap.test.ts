import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { readMemoryMap } from './memory-map.ts';
import { populatedRanges } from './pagemap.ts';

/** Reserves 64 MiB, writes to three places of it, and says nothing of where they are. */
const TARGET = `
const bytes = new Uint8Array(new ArrayBuffer(64 << 20));
bytes[0] = 1; bytes[20 << 20] = 1; bytes.fill(7, 40 << 20, 41 << 20);
process.stdout.write('ready');
setInterval(() => bytes[1]++, 1000);
`;

describe('populatedRanges', () => {
  test('what was written is there, what was only reserved is not', async () => {
    const target = spawn(process.execPath, ['-e', TARGET], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(target.stdout, 'data');
      const pid = target.pid as number;
      const mapping = (readMemoryMap(pid) ?? []).find(
        ({ start, end, path }) => path === '' && end - start >= 64 << 20 && end - start < 80 << 20,
      );
      if (mapping === undefined) throw new Error('the buffer is not among the mappings');
      const ranges = populatedRanges(pid, mapping.start, mapping.end);
      const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      // A megabyte and two pages; the kernel may use huge pages of two megabytes.
      expect(bytes).toBeGreaterThan(1 << 20);
      expect(bytes).toBeLessThan(16 << 20);
      expect(ranges.some(({ start, end }) => end - start >= 1 << 20)).toBe(true);
      for (const { start, end } of ranges) {
        expect(start).toBeGreaterThanOrEqual(mapping.start);
        expect(end).toBeLessThanOrEqual(mapping.end);
        expect((end - start) % 4096).toBe(0);
      }
    } finally {
      target.kill('SIGKILL');
    }
  });

  test('a process that is not there', () => {
    expect(() => populatedRanges(4_194_999, 0, 4096)).toThrow(
      expect.objectContaining({ code: 'E_NO_SUCH_PROCESS' }),
    );
  });
});
