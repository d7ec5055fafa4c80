import { describe, expect, it } from 'vitest';
import { holds, parseConditions } from './object-condition.ts';

describe('conditions', () => {
  it('are read as they are written', () => {
    expect(parseConditions("age > 50 and name = 'O\\'Hara' && #secret !== null")).toEqual([
      { path: ['age'], operator: '>', value: 50 },
      { path: ['name'], operator: '=', value: "O'Hara" },
      { path: ['#secret'], operator: '!=', value: null },
    ]);
    expect(parseConditions('owner.list[3]["a key"]=="x"')).toEqual([
      { path: ['owner', 'list', '3', 'a key'], operator: '=', value: 'x' },
    ]);
    expect(parseConditions('a=-1.5e3 and b <= .5 and c = true and d != undefined')).toMatchObject([
      { value: -1500 },
      { operator: '<=', value: 0.5 },
      { value: true },
      { operator: '!=', value: undefined },
    ]);
  });

  it.each([
    '',
    'age',
    'age >',
    'age ~ 3',
    'age > 3 or b = 1',
    'age > true',
    "name = 'open",
    'age > 3 and',
    '= 3',
    'a > 5x',
  ])('refuse %j', (text) => {
    expect(() => parseConditions(text)).toThrow(/cannot read the condition/);
  });

  it('compare like with like only', () => {
    const [above] = parseConditions('x > 5') as [ReturnType<typeof parseConditions>[0]];
    expect(
      [6, 5, '6', null, undefined, { object: true } as const, Number.NaN].map((value) => holds(above, value)),
    ).toEqual([true, false, false, false, false, false, false]);
    const [other] = parseConditions('x != 5') as [ReturnType<typeof parseConditions>[0]];
    expect([5, '5', undefined].map((value) => holds(other, value))).toEqual([false, true, true]);
    const [nan] = parseConditions('x = NaN') as [ReturnType<typeof parseConditions>[0]];
    expect([holds(nan, Number.NaN), holds(nan, 1)]).toEqual([true, false]);
    const [text] = parseConditions("x >= 'b'") as [ReturnType<typeof parseConditions>[0]];
    expect(['a', 'b', 'c', 9].map((value) => holds(text, value))).toEqual([false, true, true, false]);
  });
});
