import { expect, it } from 'vitest';
import { DEFAULT_VIEW, readHash, renderHash, type View } from './hash-text.ts';

it('an untouched view has no address', () => {
  expect(renderHash(DEFAULT_VIEW)).toBe('');
  expect(readHash('')).toEqual(DEFAULT_VIEW);
});

it('every view comes back from its address', () => {
  const view: View = {
    finding: 2,
    brush: [20_000, 24_512],
    query: '/^a&b=c#/',
    zoom: '812',
    picked: '12.4',
    ranking: 'self',
    grouping: 'file',
    look: 'sandwich',
    sandwich: 12,
    widthBefore: true,
    colourBy: 'stack',
    transforms: [
      { kind: 'focus', frame: 3 },
      { kind: 'subtree', node: 812 },
      { kind: 'mutual', frame: -1 },
      { kind: 'idle' },
    ],
    foldCore: true,
    asTable: true,
    hidden: [2, 6],
    profile: 1,
    object: 1_048_577,
    request: 3,
    span: 5,
    node: 12,
  };
  expect(readHash(`#${renderHash(view)}`)).toEqual(view);
});

it('reads the form of the reference', () => {
  const view = readHash('#f=1&t=20.0-24.5&q=pbkdf2&z=17&m=self');
  expect(view).toMatchObject({
    finding: 1,
    brush: [20_000, 24_500],
    query: 'pbkdf2',
    zoom: '17',
    ranking: 'self',
  });
});

it('ignores what it cannot understand', () => {
  expect(readHash('#f=-1&t=9-3&z=<b>&h=9.x&p=1e9&m=other&%')).toEqual(DEFAULT_VIEW);
});

it('keeps the address of bottom-up, and reads each look', () => {
  expect(renderHash({ ...DEFAULT_VIEW, look: 'bottom-up' })).toBe('b=1');
  for (const look of ['flame', 'bottom-up', 'chart', 'sandwich'] as const)
    expect(readHash(renderHash({ ...DEFAULT_VIEW, look })).look).toBe(look);
});

it('keeps microseconds of a time range', () => {
  const brush = [1234.567, 1234.601] as const;
  expect(readHash(renderHash({ ...DEFAULT_VIEW, brush })).brush!.map((ms) => Math.round(ms * 1000))).toEqual([
    1_234_567, 1_234_601,
  ]);
});
