import { describe, expect, it } from 'vitest';
import type { InspectorSession } from './inspector-session.ts';
import { startAllocationSampling, stopAllocationSampling } from './record-allocations.ts';
import { recordCpuProfile } from './record-profile.ts';

type Answer = (params: object | undefined) => unknown;

/** A session that answers as told and notes what was asked; methods without an answer give `{}`. */
function drawnSession(
  answers: Record<string, Answer> = {},
): InspectorSession & { asked: [string, unknown][] } {
  const asked: [string, unknown][] = [];
  return {
    asked,
    async send(method, params) {
      asked.push([method, params]);
      return (answers[method] ?? (() => ({})))(params);
    },
  };
}

const never = () => new Promise(() => {});
const PROFILE = { 'Profiler.stop': () => ({ profile: { nodes: [], samples: [] } }) };

describe('recordCpuProfile', () => {
  it('switches coverage on and off right after the start, and leaves the profiler off', async () => {
    const session = drawnSession(PROFILE);
    const acts: string[] = [];
    const json = await recordCpuProfile(session, {
      durationMs: 1,
      intervalUs: 500,
      onAct: (what) => acts.push(what),
    });
    expect(JSON.parse(json)).toEqual({ nodes: [], samples: [] });
    expect(session.asked).toEqual([
      ['Profiler.enable', undefined],
      ['Profiler.setSamplingInterval', { interval: 500 }],
      ['Profiler.start', undefined],
      ['Profiler.startPreciseCoverage', { callCount: false, detailed: false }],
      ['Profiler.stopPreciseCoverage', undefined],
      ['Profiler.stop', undefined],
      ['Profiler.disable', undefined],
    ]);
    expect(acts).toEqual([
      'CPU profile started, every 500 µs',
      expect.stringContaining('sent back to the interpreter'),
      'CPU profile stopped and read',
    ]);
  });

  it('can leave the fix out', async () => {
    const session = drawnSession(PROFILE);
    await recordCpuProfile(session, { durationMs: 1, lateFix: false });
    expect(session.asked.map(([method]) => method)).not.toContain('Profiler.startPreciseCoverage');
  });

  it('records on when the fix is refused, and until the promise settles either way', async () => {
    const session = drawnSession({
      ...PROFILE,
      'Profiler.startPreciseCoverage': () => Promise.reject(new Error('no coverage here')),
    });
    let end: (error: Error) => void = () => {};
    const until = new Promise<void>((_, reject) => {
      end = reject;
    });
    const recording = recordCpuProfile(session, { until });
    await Promise.resolve();
    expect(session.asked.map(([method]) => method)).not.toContain('Profiler.stop');
    end(new Error('over'));
    expect(await recording).toBe('{"nodes":[],"samples":[]}');
  });

  it('gives up on a thread that answers nothing, and asks for the profiler to be switched off', async () => {
    const session = drawnSession({ 'Profiler.start': never, 'Profiler.stop': never });
    const recording = recordCpuProfile(session, { durationMs: 1, answerMs: 20 });
    await expect(recording).rejects.toMatchObject({
      code: 'E_TIMEOUT',
      message: expect.stringMatching(/within 20 ms/),
    });
    expect(session.asked.at(-1)?.[0]).toBe('Profiler.disable');
  });

  it('asks for a whole number of microseconds', async () => {
    const session = drawnSession({ 'Profiler.stop': () => ({ profile: { nodes: [] } }) });
    await recordCpuProfile(session, { durationMs: 1, intervalUs: 1e-4 * 1e6 * (1 - 1e-15) });
    expect(session.asked).toContainEqual(['Profiler.setSamplingInterval', { interval: 100 }]);
  });

  it('passes on that the profiler cannot be started', async () => {
    const session = drawnSession({ 'Profiler.start': () => Promise.reject(new Error('Profiler.start: no')) });
    await expect(recordCpuProfile(session, { until: never() })).rejects.toThrow('Profiler.start: no');
  });

  it('refuses an answer without a profile', async () => {
    await expect(recordCpuProfile(drawnSession(), { durationMs: 1 })).rejects.toMatchObject({
      code: 'E_CDP',
    });
  });
});

describe('allocation sampling', () => {
  it('asks for live or all allocations', async () => {
    const session = drawnSession({ 'HeapProfiler.stopSampling': () => ({ profile: { head: {} } }) });
    await startAllocationSampling(session, { intervalBytes: 4096, keepFreed: true });
    await startAllocationSampling(session);
    expect(
      session.asked.filter(([method]) => method === 'HeapProfiler.startSampling').map(([, params]) => params),
    ).toEqual([
      {
        samplingInterval: 4096,
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      },
      {
        samplingInterval: 32768,
        includeObjectsCollectedByMajorGC: false,
        includeObjectsCollectedByMinorGC: false,
      },
    ]);
    expect(await stopAllocationSampling(session)).toBe('{"head":{}}');
    await expect(stopAllocationSampling(drawnSession())).rejects.toMatchObject({ code: 'E_CDP' });
  });
});
