import { describe, expect, it } from 'vitest';
import { drawEvidence } from './evidence.fixture.ts';
import { judgeGrowth } from './growth-sign.ts';

const rising = (from: number, to: number, count = 60): number[] =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));

describe('judgeGrowth', () => {
  it('notes RSS that rises by 10 MB and 5 % for sure', () => {
    const { vitals } = drawEvidence({ seconds: 120, rssMb: rising(100, 130) });
    expect(judgeGrowth(vitals, 3600)).toMatchObject({ severity: 'note' });
    expect(judgeGrowth(vitals, 3600)?.title).toMatch(/^RSS grows 15 MB a minute, for 2 min now$/);
  });

  it.each([
    ['level', Array.from({ length: 60 }, (_, index) => 100 + (index % 7)), 120, 3600],
    ['too little of a large one', rising(1000, 1030), 120, 3600],
    ['less than 10 MB', rising(50, 58), 120, 3600],
    ['less than a minute seen', rising(100, 150), 50, 3600],
    ['a process that warms up', rising(100, 150), 120, 100],
    ['unknown age', rising(100, 150), 120, Number.NaN],
  ])('says nothing: %s', (_, rssMb, seconds, uptime) => {
    expect(judgeGrowth(drawEvidence({ seconds, rssMb }).vitals, uptime)).toBeUndefined();
  });

  it('warns of a heap that rises from one full collection to the next', () => {
    const gc = Array.from({ length: 8 }, (_, index) => ({
      at: 5000 + index * 14_000,
      ms: 20,
      kind: 'major' as const,
      usedAfterBytes: 50e6 + index * 4e6,
    }));
    const { vitals } = drawEvidence({ seconds: 120, gc, heapMb: rising(60, 100) });
    expect(judgeGrowth(vitals, 3600)).toMatchObject({ severity: 'warning' });
    expect(judgeGrowth(vitals, 3600)?.title).toMatch(/^The heap grows 17 MB a minute/);
  });
});
