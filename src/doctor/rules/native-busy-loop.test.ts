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
    expect(finding?.next).toEqual(['holter stack 4711 --repeat 3', 'holter perf 4711']);
    expect(finding?.where).toEqual([]);
  });

  it('not a server that waits, nor one that works', () => {
    expect(judge('▁', idle(98))).toEqual([]);
    expect(judge('▄', idle(98))).toEqual([]);
    expect(judge('▇', idle(20))).toEqual([]);
    expect(judge('▇', idle(80))).toEqual([]);
  });

  it('names the closed descriptor that wakes it, and who has it open', () => {
    const evidence = {
      ...drawEvidence({ cpu: '▇', main: drawProfile(idle(98), 20) }),
      wakers: [{ fd: 23, inode: 9, holder: { pid: 6788, fd: 3 } }],
    };
    const [finding] = nativeBusyLoop.judge(evidence, deriveFacts(evidence));
    expect(finding?.title).toContain('descriptor 23, which is closed');
    expect(finding?.evidence.at(-1)?.text).toBe(
      'Descriptor 23 is closed, but epoll watches it: process 6788 has it open (its descriptor 3).',
    );
  });

  it('is told on a machine that is short of CPU as well', () => {
    const of = (cpu: string, wait: string) => {
      const evidence = drawEvidence({ cpu, wait, main: drawProfile(idle(98), 20) });
      return nativeBusyLoop.judge(evidence, deriveFacts(evidence)).length;
    };
    expect([of('▄', '▄'), of('▄', '▁'), of('▁', '▇')]).toEqual([1, 0, 0]);
  });

  it('needs a profile that is long enough', () => {
    const evidence = drawEvidence({ cpu: '▇' });
    expect(nativeBusyLoop.judge(evidence, deriveFacts(evidence))).toEqual([]);
  });
});
