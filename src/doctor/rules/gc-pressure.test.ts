import { describe, expect, it } from 'vitest';
import type { GcEvent } from '../../metrics/series.ts';
import { drawAllocations, drawEvidence, drawProfile } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';

const kinds = (drawing: Parameters<typeof drawEvidence>[0]): string[] =>
  judge(drawEvidence(drawing)).findings.map(({ kind }) => kind);

describe('gc-pressure', () => {
  const collecting = (share: number, kind: GcEvent['kind']): GcEvent[] =>
    Array.from({ length: 50 }, (_, index) => ({
      at: index * 200,
      ms: share * 2,
      kind,
      usedAfterBytes: 60e6,
    }));
  const profile = (gc: number) =>
    drawProfile(
      [
        [20 - gc, 'emit@node:events:467', 'build@/srv/api/rows.js:12 #15'],
        ...(gc === 0 ? [] : [[gc, '(garbage collector)'] as const]),
      ],
      500,
    );

  it('names share and allocating function', () => {
    const allocationAll = drawAllocations([
      [70, 'build@/srv/api/rows.js:12'],
      [30, 'log@/srv/api/log.js:2'],
    ]);
    const [finding] = judge(
      drawEvidence({
        cpu: '▅',
        gc: collecting(30, 'major'),
        main: profile(6),
        allocationAll,
        requests: 90_000,
      }),
    ).findings;
    expect(finding?.title).toBe(
      'Garbage collection takes 30 % of the main thread; build allocates most of it',
    );
    expect(finding?.severity).toBe('critical');
  });

  it('asks the profile who allocated when allocations were not sampled', () => {
    const [finding] = judge(
      drawEvidence({ cpu: '▅', gc: collecting(30, 'major'), main: profile(6), requests: 90_000 }),
    ).findings;
    expect(finding?.where[0]).toMatchObject({ function: 'build', line: 15 });
  });

  it('fires from 10 % with full collections, from 15 % with young ones only', () => {
    const at = (share: number, kind: GcEvent['kind']): string[] =>
      kinds({ cpu: '▅', gc: collecting(share, kind), main: profile(4), requests: 90_000 });
    expect(at(8, 'major')).toEqual([]);
    expect(at(11, 'major')).toEqual(['gc-pressure']);
    expect(at(12, 'minor')).toEqual([]);
    expect(at(17, 'minor')).toEqual(['gc-pressure']);
  });

  it('comes after the work of the same function when that is clearly more', () => {
    const order = (gc: number): string[] =>
      kinds({ cpu: '█', delay: '▂', gc: collecting(30, 'major'), main: profile(gc), requests: 1000 });
    expect(order(6)).toEqual(['cpu-bound', 'gc-pressure']);
    expect(order(9)).toEqual(['gc-pressure', 'cpu-bound']);
  });

  it('takes out what was waiting for a CPU, and wants the profile to agree', () => {
    expect(
      kinds({ cpu: '▃', wait: '▄', gc: collecting(14, 'major'), main: profile(4), requests: 90_000 }),
    ).toEqual([]);
    expect(kinds({ cpu: '▅', gc: collecting(30, 'major'), main: profile(0), requests: 90_000 })).toEqual([]);
  });
});
