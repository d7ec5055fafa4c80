import { describe, expect, it } from 'vitest';
import { collectStretches } from './blocked-stretches.ts';
import { drawEvidence } from './evidence.fixture.ts';

const rounded = (evidence: ReturnType<typeof drawEvidence>): number[][] =>
  collectStretches(evidence).map(({ at, ms, waitMs }) => [
    Math.round(at),
    Math.round(ms),
    Math.round(waitMs),
  ]);

describe('collectStretches', () => {
  it('keeps what the loop reported', () => {
    expect(rounded(drawEvidence({ blocked: [{ at: 100, ms: 300 }] }))).toEqual([[100, 300, 0]]);
  });

  it('finds stretches the loop never came to report in the ramps of its delay', () => {
    // Two ramps of 700 ms in one second and a half: 100, 200 … 700, 100 … 700, then calm.
    const evidence = drawEvidence({ seconds: 2, delay: '▁▂▃▄▅▆▇█▂▃▄▅▆▇█▁▁▁▁▁', delayTop: 700 });
    expect(rounded(evidence)).toEqual([
      [50, 700, 0],
      [750, 700, 0],
    ]);
  });

  it('finds them in stacks too', () => {
    const stacks = [25, 60, 110, 210].map((lateMs) => ({
      at: 1000 + lateMs,
      lateMs,
      asyncId: 1,
      frames: [],
    }));
    expect(rounded(drawEvidence({ stacks }))).toEqual([[1000, 210, 0]]);
  });

  it('does not count a stretch twice', () => {
    const stacks = [60, 110].map((lateMs) => ({ at: 1000 + lateMs, lateMs, asyncId: 1, frames: [] }));
    expect(rounded(drawEvidence({ stacks, blocked: [{ at: 995, ms: 130 }] }))).toEqual([[995, 130, 0]]);
  });

  it('shares running and waiting of a bin in proportion', () => {
    // A bin of 100 ms: 57 running, 43 waiting. The stretch is half of it and gets half of both.
    const evidence = drawEvidence({ cpu: '▅', wait: '▄', blocked: [{ at: 1075, ms: 50, waitMs: 43 }] });
    expect(rounded(evidence)).toEqual([[1075, 50, 21]]);
  });

  it('gives all of the wait to a stretch that neither ran nor waited for the rest: it slept', () => {
    const evidence = drawEvidence({ cpu: '▁', wait: '▂', blocked: [{ at: 1050, ms: 200, waitMs: 200 }] });
    expect(rounded(evidence)[0]![2]).toBeCloseTo(29, -1);
  });
});
