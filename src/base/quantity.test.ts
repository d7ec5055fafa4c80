import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatNumber, formatRate } from './quantity.ts';

describe('quantities', () => {
  it('shows the digits that can be trusted', () => {
    const shown = [0, 0.061, 0.6, 3.34, 9.96, 10, 100, 737.4, 5_204_118, Number.NaN].map(formatNumber);
    expect(shown).toEqual(['0', '0.06', '0.6', '3.3', '10', '10', '100', '737', '5 204 118', '-']);
  });

  it('chooses units', () => {
    expect([181, 2400, 200_000, 9_000_000].map(formatDuration)).toEqual([
      '181 ms',
      '2.4 s',
      '3.3 min',
      '2.5 h',
    ]);
    expect([12, 3400, 216e6, 1.6e9].map(formatBytes)).toEqual(['12 B', '3.4 kB', '216 MB', '1.6 GB']);
    expect([3.3, 1, 0.2, 0.01].map(formatRate)).toEqual([
      '3.3 times a second',
      'once a second',
      '12 times a minute',
      'once a minute',
    ]);
  });
});
