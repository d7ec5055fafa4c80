import { describe, expect, it } from 'vitest';
import { estimateNeed } from '../visit/heap-need.ts';
import { memoryRefusal } from './action-command.ts';
import { surplus } from './disk-quota.ts';
import { Ledger } from './limits.ts';

const HOUR = 3_600_000;
const rule = { name: 'r', limits: { perHour: 4, perProcess: 2, cooldownMs: 1000 } };

describe('limits', () => {
  it('let a storm of a hundred through as far as configured', () => {
    const ledger = new Ledger(20);
    const done = [];
    for (let second = 0; second < 100; second++) {
      const now = second * 2000;
      if (ledger.refusal(rule, `life ${second % 10}`, now) !== undefined) continue;
      ledger.spend('r', `life ${second % 10}`, now);
      done.push(second);
    }
    expect(done).toEqual([0, 1, 2, 3]);
    expect(ledger.refusal(rule, 'life 50', HOUR - 1)).toBe('limit of 4 per hour');
    expect(ledger.refusal(rule, 'life 50', HOUR)).toBeUndefined();
  });

  it('hold back by process, by cool-down, and over all rules', () => {
    const ledger = new Ledger(3);
    ledger.spend('r', 'a', 0);
    expect(ledger.refusal(rule, 'a', 999)).toBe('cool-down');
    expect(ledger.refusal(rule, 'b', 999)).toBeUndefined();
    ledger.spend('r', 'a', 1000);
    expect(ledger.refusal(rule, 'a', 5000)).toBe('limit of 2 per process');
    ledger.spend('other', 'a', 5000);
    expect(ledger.refusal(rule, 'b', 6000)).toBe('limit of 3 per hour over all rules');
  });

  it('go on after a restart, and forget what is old', () => {
    const before = new Ledger(20);
    before.spend('r', 'a', 0);
    before.spend('r', 'b', 0);
    const after = new Ledger(20, JSON.parse(JSON.stringify(before.spent)));
    expect(after.refusal(rule, 'a', 500)).toBe('cool-down');
    after.forget((life) => life === 'a', HOUR);
    expect(after.spent).toEqual([{ rule: 'r', life: 'a', at: 0 }]);
  });
});

it('the oldest recordings go, as many as must', () => {
  const kept = [1, 2, 3, 4].map((at) => ({ folder: `f${at}`, bytes: 10, at }));
  expect(surplus(kept, 40)).toEqual([]);
  expect(surplus(kept, 25).map(({ folder }) => folder)).toEqual(['f1', 'f2']);
  expect(surplus(kept, 0)).toHaveLength(4);
});

it('nothing heavy is done when memory is short', () => {
  const room = (availableBytes: number, rss: number) => ({
    availableBytes,
    leastBytes: 100e6,
    fits: (what: 'snapshot' | 'histogram') =>
      estimateNeed(what, { usedHeapBytes: rss, nodeMajor: 22, machineAvailableBytes: availableBytes }).fits,
  });
  expect(memoryRefusal({ do: 'doctor', forMs: 1 }, room(99e6, 50e6))).toContain('short of memory');
  expect(memoryRefusal({ do: 'doctor', forMs: 1 }, room(101e6, 50e6))).toBeUndefined();
  expect(memoryRefusal({ do: 'snapshot', againMs: 0 }, room(1e9, 100e6))).toContain(
    'would probably be killed',
  );
  expect(memoryRefusal({ do: 'histogram', forMs: 0 }, room(1e9, 100e6))).toBeUndefined();
  expect(memoryRefusal({ do: 'snapshot', againMs: 0 }, room(2e9, 100e6))).toBeUndefined();
});
