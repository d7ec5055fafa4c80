import { describe, expect, it } from 'vitest';
import { countDeopts, type FoundDeopt, placeDeopts } from './build-deopt-sites.ts';
import { readDeoptLog } from './deopt-log.ts';
import { classOfDeopt } from './deopt-reason.ts';

const at = (address: number, position: number, reason = 'wrong map'): FoundDeopt => ({
  address,
  reason,
  frames: [{ scriptId: 9, position }],
});

describe('countDeopts', () => {
  it('counts what each look shows that the one before did not', () => {
    const [first, second] = [at(0x10, 5), at(0x20, 5)];
    expect(countDeopts([[first], [first, second], [first, second, at(0x30, 5), at(0x40, 7)]])).toEqual([
      { reason: 'wrong map', frames: [{ scriptId: 9, position: 5 }], counts: [1, 1] },
      { reason: 'wrong map', frames: [{ scriptId: 9, position: 7 }], counts: [0, 1] },
    ]);
  });

  it('takes memory that was used again for another place as new', () => {
    expect(countDeopts([[at(0x10, 5)], [at(0x10, 6)]])[0]?.frames[0]?.position).toBe(6);
    expect(countDeopts([[at(0x10, 5)], [at(0x10, 5, 'not a Smi')]])[0]?.reason).toBe('not a Smi');
  });

  it('has nothing to say of one look, or none', () => {
    expect(countDeopts([[at(0x10, 5)]])).toEqual([]);
    expect(countDeopts([])).toEqual([]);
  });
});

describe('placeDeopts', () => {
  it('leaves out what is in no script of the program, but not what was built into it', () => {
    const frames = [
      { scriptId: 1, position: 3 },
      { scriptId: 9, position: 5 },
    ];
    const counted = [
      { reason: 'hole', frames, counts: [1] },
      { reason: 'hole', frames: [...frames].reverse(), counts: [1] },
    ];
    const sites = placeDeopts(counted, ({ scriptId, position }) =>
      scriptId === 9 ? { function: 'f', url: '/a.js', line: 1, column: position } : undefined,
    );
    expect(sites).toEqual([
      { reason: 'hole', frames: [{ function: 'f', url: '/a.js', line: 1, column: 5 }], counts: [1] },
    ]);
  });
});

describe('classOfDeopt', () => {
  it('knows V8’s words in either spelling, and what is no loss', () => {
    expect(classOfDeopt('wrong map')).toBe('shapes');
    expect(classOfDeopt('not a Smi')).toBe('numbers');
    expect(classOfDeopt('out of bounds')).toBe('bounds');
    expect(classOfDeopt('Insufficient type feedback for generic named access')).toBe('unseen');
    expect(classOfDeopt('dependent prototype chain changed')).toBe('changed');
    expect(classOfDeopt('(unknown)')).toBe('changed');
    expect(classOfDeopt("exit from OSR'd inner loop")).toBeUndefined();
    expect(classOfDeopt('prepare for on stack replacement (OSR)')).toBeUndefined();
    expect(classOfDeopt('gInt')).toBeUndefined();
  });
});

describe('readDeoptLog', () => {
  const site = {
    reason: 'hole',
    frames: [{ function: 'f', url: '/a.js', line: 1, column: 2 }],
    counts: [1, 2],
  };
  const log = { schema: 'holter.deopts/1', looks: [1, 2, 3], sites: [site] };

  it('reads what was written', () => {
    expect(readDeoptLog(JSON.stringify(log))).toEqual(log);
  });

  it('leaves out what is not sound', () => {
    const damaged = [
      null,
      7,
      {},
      { ...site, counts: ['x'] },
      { ...site, frames: [null] },
      { ...site, reason: 1 },
    ];
    expect(readDeoptLog(JSON.stringify({ ...log, sites: [...damaged, site] })).sites).toEqual([site]);
  });

  it('refuses everything else', () => {
    expect(() => readDeoptLog('{"schema":"holter.deo')).toThrow(/damaged/);
    for (const text of ['null', '[]', '{}', '{"schema":"holter.deopts/1"}', '{"schema":"holter.deopts/2"}'])
      expect(() => readDeoptLog(text)).toThrow(/not holter.deopts/);
  });
});
