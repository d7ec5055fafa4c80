import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, frames } from '../evidence.fixture.ts';
import type { DeoptEvidence } from '../evidence.ts';
import { deriveFacts } from '../facts.ts';
import { judge } from '../judge.ts';
import type { Finding } from '../report.ts';
import { deoptimised } from './deoptimised.ts';

const REQUEST = 'onRequest@node:_http_server:900';
const PRICE = 'price@/srv/api/basket.js:10';

/** A tenth of a second: so many ms in price and what it calls. */
function profile(ms: number) {
  return drawProfile(
    [
      [ms / 2, REQUEST, PRICE, 'total@/srv/api/basket.js:30'],
      [ms / 2, REQUEST, PRICE],
      [100 - ms, REQUEST, 'other@/srv/api/other.js:3'],
    ],
    20,
  );
}

interface Drawn {
  reason?: string;
  /** Innermost first. */
  at?: string[];
  counts: number[];
}

function found(drawn: Drawn[], ms = 60, observedMs = 5000): Finding[] {
  const deopts: DeoptEvidence = {
    observedMs,
    sites: drawn.map(({ reason = 'wrong map', at = ['price@/srv/api/basket.js:14:9'], counts }) => ({
      reason,
      frames: frames(...at),
      counts,
    })),
  };
  const evidence = { ...drawEvidence({ cpu: '▇', main: profile(ms) }), deopts };
  return deoptimised.judge(evidence, deriveFacts(evidence));
}

describe('deoptimised', () => {
  it('names function, line and reason of a loop', () => {
    const [finding, ...others] = found([{ counts: [20, 22] }]);
    expect(others).toEqual([]);
    expect(finding?.problem).toBe('cpu-high-serving');
    expect(finding?.where[0]).toMatchObject({ function: 'price', file: 'basket.js', line: 14 });
    expect(finding?.title).toBe(
      'V8 throws the optimised code of price away 8 times a second: objects of ever other shapes come along (basket.js:14)',
    );
    expect(finding?.evidence[0]?.value).toBe(504);
    expect(finding?.evidence[2]?.text).toContain('“wrong map” at basket.js:14');
    expect(finding?.advice).toContain('same order');
  });

  it('needs it in every stretch: warming up ends', () => {
    expect(found([{ counts: [20, 0] }])).toEqual([]);
    expect(found([{ counts: [0, 20] }])).toEqual([]);
    expect(found([{ counts: [20, 1] }])).toHaveLength(1);
    expect(found([{ counts: [20] }])).toEqual([]);
  });

  it('needs three at one place, or six in all', () => {
    expect(found([{ counts: [2, 1] }])).toHaveLength(1);
    expect(found([{ counts: [1, 1] }])).toEqual([]);
    const places = (count: number): Drawn[] =>
      Array.from({ length: count }, (_, at) => ({
        reason: 'Insufficient type feedback for call',
        at: [`price@/srv/api/basket.js:${11 + at}:3`],
        counts: at % 2 === 0 ? [1, 0] : [0, 1],
      }));
    expect(found(places(5))).toEqual([]);
    expect(found(places(6))).toHaveLength(1);
  });

  it('needs half a minute’s worth: 30 a minute', () => {
    expect(found([{ counts: [2, 2] }], 60, 8000)).toHaveLength(1);
    expect(found([{ counts: [2, 2] }], 60, 9000)).toEqual([]);
  });

  it('needs a tenth of the busy time in the function and what it calls', () => {
    expect(found([{ counts: [20, 20] }], 10)).toHaveLength(1);
    expect(found([{ counts: [20, 20] }], 8)).toEqual([]);
  });

  it('counts no step that V8 takes by itself', () => {
    expect(found([{ reason: "exit from OSR'd inner loop", counts: [3000, 3000] }])).toEqual([]);
    expect(found([{ reason: 'prepare for on stack replacement (OSR)', counts: [30, 30] }])).toEqual([]);
  });

  it('finds the function whose code it was when the place was built into it', () => {
    const at = ['rate@/srv/api/rate.js:7:5', 'price@/srv/api/basket.js:14:9'];
    const [finding] = found([{ at, reason: '(unknown)', counts: [20, 20] }]);
    expect(finding?.title).toContain('code of price away');
    expect(finding?.where.slice(0, 2).map(({ function: name, line }) => [name, line])).toEqual([
      ['rate', 7],
      ['price', 14],
    ]);
    expect(finding?.advice).toContain('prototype');
  });

  it('grows with the rate', () => {
    const severity = (counts: number[]): string | undefined => found([{ counts }])[0]?.severity;
    expect(severity([2, 2])).toBe('note');
    expect(severity([3, 3])).toBe('warning');
    expect(severity([30, 30])).toBe('critical');
  });

  it('is checked, and silent, where nothing was looked for because the thread is not busy', () => {
    const evidence = { ...drawEvidence({ main: profile(60) }), deopts: { observedMs: 0, sites: [] } };
    const report = judge(evidence);
    expect(report.checked).toContain('deoptimised');
    expect(report.findings).toEqual([]);
    expect(judge(drawEvidence({ main: profile(60) })).checked).not.toContain('deoptimised');
  });
});
