import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, type Piece } from '../evidence.fixture.ts';
import { deriveFacts } from '../facts.ts';
import type { Finding } from '../report.ts';
import { nativeBusyLoop } from './native-busy-loop.ts';

const READ = 'onStreamRead@node:internal/stream_base_commons:167';
/** Of a hundred milliseconds: so many wait, in the rest it serves. */
const idle = (ms: number): Piece[] => [
  [ms, '(idle)'],
  [100 - ms, READ, 'handler@/srv/api/server.js:10'],
];

function judge(cpu: string, pieces: Piece[]): Finding[] {
  const evidence = drawEvidence({ cpu, main: drawProfile(pieces, 20) });
  return nativeBusyLoop.judge(evidence, deriveFacts(evidence));
}

describe('native-busy-loop', () => {
  it('CPU by the kernel, idle by V8', () => {
    const [finding] = judge('▇', idle(98));
    expect(finding?.problem).toBe('cpu-high-serving');
    expect(finding?.confidence).toBeGreaterThan(0.8);
    expect(finding?.next).toEqual(['holter stack 4711 --repeat 3']);
    expect(finding?.where).toEqual([]);
  });

  it('not a server that waits, nor one that works', () => {
    expect(judge('▁', idle(98))).toEqual([]);
    expect(judge('▄', idle(98))).toEqual([]);
    expect(judge('▇', idle(20))).toEqual([]);
    expect(judge('▇', idle(80))).toEqual([]);
  });

  it('needs a profile that is long enough', () => {
    const evidence = drawEvidence({ cpu: '▇' });
    expect(nativeBusyLoop.judge(evidence, deriveFacts(evidence))).toEqual([]);
  });
});
