import { describe, expect, it } from 'vitest';
import { drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';

const kinds = (drawing: Parameters<typeof drawEvidence>[0]): string[] =>
  judge(drawEvidence({ delay: '▂', ...drawing })).findings.map(({ kind }) => kind);

describe('cpu-starved', () => {
  it('fires when half of the time is spent in the run queue', () => {
    expect(kinds({ cpu: '▄', wait: '▆' })).toEqual(['cpu-starved']);
    expect(kinds({ cpu: '▄', wait: '▄' })).toEqual([]);
  });

  it('needs the loop to be late by it, where that was seen', () => {
    expect(kinds({ cpu: '▄', wait: '▆', delay: '▁' })).toEqual([]);
    expect(kinds({ cpu: '▄', wait: '▆', access: 'outside' })).toEqual(['cpu-starved']);
  });

  it('needs it to last', () => {
    expect(kinds({ cpu: '▄', wait: '▁▁▁▁▁▆▆▆▆▆' })).toEqual([]);
  });

  it('is silent for a process that wants little and gets most of it', () => {
    expect(kinds({ cpu: '▂', wait: '▂', throttled: '▂' })).toEqual([]);
  });

  it('fires for a process with little to do that stands in line for most of it', () => {
    expect(kinds({ cpu: '▂', wait: '▄' })).toEqual(['cpu-starved']);
  });

  it('tells throttling and steal apart', () => {
    const titled = (drawing: Parameters<typeof drawEvidence>[0]): string | undefined =>
      judge(drawEvidence({ delay: '▂', ...drawing })).findings[0]?.title;
    expect(titled({ cpu: '▄', throttled: '▅' })).toContain(
      'throttled 57 % of the time: its CPU limit is 2 cores',
    );
    expect(titled({ cpu: '▄', steal: '▄' })).toContain('steal');
  });
});
