import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { LeakLogBuilder } from './build-leak-log.ts';
import { drawLeaks } from './leak-log.fixture.ts';
import { readLeakLog } from './leak-log.ts';
import type { LeakSample } from './leak-recorder-state.ts';

describe('readLeakLog', () => {
  const { log } = drawLeaks({ resources: { Timeout: '0123' } });

  it('gives back what was written', () => {
    expect(readLeakLog(JSON.stringify(log))).toEqual(log);
  });

  it.each([
    ['not JSON', '{'],
    ['null', 'null'],
    ['another schema', '{"schema":"holter.async-log/1"}'],
    ['a column that is too short', JSON.stringify({ ...log, heapUsed: [1] })],
    ['a row that is too short', JSON.stringify({ ...log, rows: [[1, 2]] })],
    ['a list that is none', JSON.stringify({ ...log, listeners: {} })],
    ['an emitter without counts', JSON.stringify({ ...log, listeners: [{}] })],
  ])('refuses %s with an error of ours', (_, text) => {
    expect(() => readLeakLog(text)).toThrow(HolterError);
  });
});

describe('LeakLogBuilder', () => {
  const sample = (index: number, more: Partial<LeakSample> = {}): LeakSample => ({
    time: 1000 + index * 250,
    costMs: 0,
    resources: { TCPSocketWrap: 10 },
    heapUsed: 6e6,
    oldSpace: 5e6,
    hooked: false,
    requests: null,
    unanswered: null,
    listeners: [],
    watched: [],
    ...more,
  });
  const build = (make: (index: number) => Partial<LeakSample>, count = 8) => {
    const builder = new LeakLogBuilder({ clockMs: 1000, fromMs: 400, node: '20.20.2' });
    for (let index = 0; index < count; index++) builder.add(sample(index, make(index)));
    return builder;
  };

  it('takes no stacks while nothing grows', () => {
    expect(build(() => ({})).whatGrows(false)).toBeUndefined();
    expect(
      build((index) => ({ resources: { TCPSocketWrap: 10 + (index % 4) } })).whatGrows(false),
    ).toBeUndefined();
  });

  it('takes stacks of what seems to grow, once', () => {
    const builder = build((index) => ({ resources: { TCPSocketWrap: 10 + 2 * index, Timeout: 5 } }));
    expect(builder.whatGrows(false)).toEqual({ handles: ['TCPWRAP'] });
    expect(builder.whatGrows(false)).toBeUndefined();
    expect(builder.whatGrows(true)).toEqual({ files: true });
  });

  it('suspects old space that grows for sure, after our own warm-up', () => {
    const seems = (oldSpace: (index: number) => number, looks: number): boolean =>
      build((index) => ({ oldSpace: oldSpace(index) }), looks).heapSeemsToGrow;
    expect(seems((index) => 5e6 + 1e5 * index, 12)).toBe(true);
    expect(seems((index) => 5e6 + 2e4 * index, 12)).toBe(false);
    expect(seems((index) => 5e6 + 2e4 * index, 300)).toBe(true);
    expect(seems((index) => (index < 3 ? 4e6 : 5e6), 12)).toBe(false);
  });

  it('asks for promises and uncounted timers once two collections have proven what is held to grow', () => {
    const builder = build((index) => ({ oldSpace: 5e6 + 1e5 * index }), 12);
    expect(builder.whatGrows(false)).toBeUndefined();
    builder.heapIsProven = true;
    expect(builder.whatGrows(false)).toEqual({ timers: true, promises: true });
    expect(builder.whatGrows(false)).toBeUndefined();
    expect(LeakLogBuilder.isGrowth(99_000, 500)).toBe(false);
    expect(LeakLogBuilder.isGrowth(150_000, 1000)).toBe(true);
    expect(LeakLogBuilder.isGrowth(150_000, 2000)).toBe(false);
  });

  it('takes no stacks of what a load brings when it begins', () => {
    const ramp = build((index) => ({ resources: { TCPSocketWrap: Math.min(100, 20 * index) } }), 12);
    expect(ramp.whatGrows(false)).toBeUndefined();
  });

  it('knows listeners that grow from those that were many when first looked at', () => {
    const many = build((index) => ({
      watched: index === 5 ? [[0, 'Feed', 'x', 'emitter']] : [],
      listeners: index < 5 ? [] : [[0, 15]],
    }));
    expect(many.listenersGrow).toBe(false);
    const more = build((index) => ({
      watched: index === 1 ? [[0, 'Feed', 'x', 'emitter']] : [],
      listeners: index < 1 ? [] : [[0, 9 + 3 * index]],
    }));
    expect(more.listenersGrow).toBe(true);
    expect(more.finish(undefined).listeners).toMatchObject([
      { emitter: 'Feed', counts: [null, 12, 15, 18, 21, 24, 27, 30] },
    ]);
  });

  it('counts times from the start of the window', () => {
    const log = build(() => ({})).finish(undefined);
    expect(log.times.slice(0, 2)).toEqual([400, 650]);
    expect(readLeakLog(JSON.stringify(log))).toEqual(log);
  });
});
