import { describe, expect, it } from 'vitest';
import { type ClassChange, leakBytes } from './heap-difference.ts';

const CHANGE: ClassChange = {
  name: 'Session',
  place: '',
  countBefore: 100,
  countAfter: 100,
  added: 0,
  removed: 0,
  addedBytes: 0,
  removedBytes: 0,
  retainedDelta: 0,
  holders: [],
};

describe('leakBytes', () => {
  it('is nothing for a cache whose entries are replaced', () => {
    expect(leakBytes({ ...CHANGE, added: 2000, removed: 2000, retainedDelta: 750_000 })).toBe(0);
    expect(leakBytes({ ...CHANGE, added: 2000, removed: 2400, retainedDelta: 750_000 })).toBe(0);
  });

  it('is the part by which there are more', () => {
    expect(leakBytes({ ...CHANGE, added: 2000, removed: 0, retainedDelta: 750_000 })).toBe(750_000);
    expect(leakBytes({ ...CHANGE, added: 2000, removed: 500, retainedDelta: 800_000 })).toBe(600_000);
  });

  it('leaves what shrank, and what grew without new objects', () => {
    expect(leakBytes({ ...CHANGE, retainedDelta: -5 })).toBe(-5);
    expect(leakBytes({ ...CHANGE, retainedDelta: 5 })).toBe(5);
  });
});
