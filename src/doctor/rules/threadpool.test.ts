import { describe, expect, it } from 'vitest';
import type { PoolRecording } from '../../metrics/pool-recording.ts';
import { drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';

type Pool = Omit<PoolRecording, 'schema'>;

/** Ten seconds, a sample each 200 ms: digits are the length of the queue, `.` a thread is idle. */
function drawPool(queue: string, more: Partial<Pool> = {}): Pool {
  const samples = Array.from({ length: 50 }, (_, index) => {
    const cell = queue[Math.floor((index * queue.length) / 50)]!;
    const queued = cell === '.' ? 0 : Number.parseInt(cell, 36);
    return { at: index * 200, threads: 4, idle: cell === '.' ? 1 : 0, queued, slowQueued: 0 };
  });
  return { samples, waiting: [], running: [], ...more };
}

const crypto = (longestMs: number) => ({ kind: 'crypto', subject: '', count: 90, longestMs });
const held = (count: number, longestMs = 9800) => ({
  kind: 'fs',
  subject: 'open /run/jobs',
  count,
  longestMs,
  systemCall: 'openat',
});
const kinds = (pool: Pool): string[] => judge(drawEvidence({ pool })).findings.map(({ kind }) => kind);

describe('threadpool-saturated', () => {
  it('fires when a round of work waits most of the time', () => {
    expect(kinds(drawPool('6789', { waiting: [crypto(100)] }))).toEqual(['threadpool-saturated']);
    expect(kinds(drawPool('3333', { waiting: [crypto(100)] }))).toEqual([]);
  });

  it('fires when work was seen to wait for long', () => {
    expect(kinds(drawPool('1121', { waiting: [crypto(400)] }))).toEqual(['threadpool-saturated']);
    expect(kinds(drawPool('1121', { waiting: [crypto(150)] }))).toEqual([]);
  });

  it('needs the queue to be there in most samples', () => {
    expect(kinds(drawPool('99.99.9999', { waiting: [crypto(400)] }))).toEqual(['threadpool-saturated']);
    expect(kinds(drawPool('9.9.9.9.9.', { waiting: [crypto(400)] }))).toEqual([]);
    expect(kinds(drawPool('0000'))).toEqual([]);
  });

  it('names what waits', () => {
    const pool = drawPool('9', {
      waiting: [
        { ...crypto(400), count: 30 },
        { ...crypto(200), kind: 'zlib', count: 10 },
      ],
    });
    const [finding] = judge(drawEvidence({ pool })).findings;
    expect(finding?.title).toBe(
      'The libuv pool is full: 9 pieces of work wait for its 4 threads, mostly crypto',
    );
    expect(finding?.evidence.at(-1)?.text).toContain('crypto 75 %, zlib 25 %');
    expect(finding?.advice).toContain('number of cores');
  });
});

describe('threadpool-blocked', () => {
  it('fires when every thread is held and work waits', () => {
    const pool = drawPool('8', { running: [held(4)] });
    expect(kinds(pool)).toEqual(['threadpool-blocked']);
    expect(judge(drawEvidence({ pool })).findings[0]?.title).toBe(
      'All 4 threads of the libuv pool wait in fs (open /run/jobs): 8 pieces of work wait for them',
    );
  });

  it('also without the inspector', () => {
    expect(
      judge(drawEvidence({ access: 'outside', pool: drawPool('8', { running: [held(4)] }) })).findings[0]
        ?.kind,
    ).toBe('threadpool-blocked');
  });

  it('is saturation as long as one thread goes on', () => {
    expect(kinds(drawPool('8', { running: [held(3)], waiting: [crypto(400)] }))).toEqual([
      'threadpool-saturated',
    ]);
  });

  it('is silent while nothing waits, and for work that ends', () => {
    expect(kinds(drawPool('0', { running: [held(4)] }))).toEqual([]);
    expect(kinds(drawPool('8', { running: [held(4, 2000)], waiting: [crypto(100)] }))).toEqual([
      'threadpool-saturated',
    ]);
  });
});

it('a pool that nobody used says nothing', () => {
  expect(
    kinds({ samples: [{ at: 0, threads: 0, idle: 0, queued: 0, slowQueued: 0 }], waiting: [], running: [] }),
  ).toEqual([]);
});
