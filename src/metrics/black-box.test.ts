import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { BOX_COLUMNS, makeRing, readEvents, readRing, ringOffset, seriesOfRing } from './black-box.ts';

const T0 = 1_700_000_000_000;

function ringWith(times: readonly number[], rows: number): Uint8Array {
  const ring = makeRing(rows);
  for (const [sequence, time] of times.entries()) {
    const row = new Float64Array(BOX_COLUMNS.length).fill(sequence);
    row[0] = time;
    ring.set(new Uint8Array(row.buffer), ringOffset(sequence, rows));
  }
  return ring;
}

test('the newest rows are kept, oldest first', () => {
  const rows = readRing(
    ringWith(
      [0, 1, 2, 3, 4, 5, 6].map((i) => T0 + i * 1000),
      4,
    ),
  );
  expect(rows.map((row) => row[1])).toEqual([3, 4, 5, 6]);
});

test('rows become series from the first row on; unknown columns are left out', () => {
  const [rss] = seriesOfRing(
    readRing(ringWith([T0, T0 + 1000], 4)),
    ['time', 'memory.rss_bytes', 'of.tomorrow'],
    new Set(['memory.rss_bytes']),
  );
  expect(rss).toMatchObject({ name: 'memory.rss_bytes' });
  expect([...(rss?.time ?? [])]).toEqual([0, 1000]);
  expect([...(rss?.value ?? [])]).toEqual([0, 1]);
});

test('a cut file gives what is whole, anything else an error of ours', () => {
  const ring = ringWith([T0, T0 + 1], 4);
  expect(readRing(ring.subarray(0, ringOffset(1, 4) + 5))).toHaveLength(1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, headed) => {
      const bytes = headed ? new Uint8Array([...ring.subarray(0, 8), ...noise]) : noise;
      try {
        readRing(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(HolterError);
      }
    }),
  );
});

test('a torn last line and lines that are no events are skipped', () => {
  const good = JSON.stringify({ kind: 'leak', at: '2026-01-01T00:00:00Z', text: 'x' });
  expect(readEvents(`${good}\nnull\n{"kind":1}\n[]\n${good}\n${good.slice(0, 20)}`)).toHaveLength(2);
  fc.assert(fc.property(fc.string(), (text) => void readEvents(text)));
});
