import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import { AFTER, BEFORE } from './difference.fixture.ts';
import { compareProfiles, type DifferenceOptions } from './difference.ts';
import { profileFromText } from './text-profile.fixture.ts';

const compare = (before: CallTree, after: CallTree, options: Partial<DifferenceOptions> = {}) =>
  compareProfiles(before, after, { normalise: { by: 'total' }, ...options });
const rowOf = (difference: ReturnType<typeof compare>, name: string) =>
  difference.rows.find((row) => row.name === name)!;

/** `count` samples a function, woven so that each varies as independent samples do. */
function woven(counts: Record<string, number>): CallTree {
  const builder = new CallTreeBuilder('microseconds');
  const names = Object.keys(counts);
  const credit = names.map(() => 0);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (let i = 0; i < total; i++) {
    let most = 0;
    for (const [n, name] of names.entries()) {
      credit[n]! += counts[name]!;
      if (credit[n]! > credit[most]!) most = n;
    }
    credit[most]! -= total;
    const name = names[most]!;
    const isIdle = name === 'idle';
    const frame = builder.frameRow(
      isIdle
        ? { ...ROOT_FRAME, name: '(idle)', category: 'idle' }
        : { ...ROOT_FRAME, name, file: `/app/${name}.js`, line: 1, category: 'js', party: 'user' },
    );
    builder.addSample(i, builder.child(0, frame), 1000);
  }
  return builder.finish({ from: 0, to: total });
}

/** 5 000 samples of a program that calls each of eight functions at random, `length` samples a call. */
function drawProgram(seed: number, length: number): CallTree {
  let state = seed;
  const calls = Array.from({ length: 5000 / length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return `f${Math.floor(Math.sqrt(state / 2 ** 32) * 8)}@/app/a.js:1 x${length}`;
  });
  return profileFromText(calls.join('  '));
}

describe('compareProfiles', () => {
  it('by total: shares of the busy time', () => {
    const difference = compare(BEFORE, AFTER);
    expect(rowOf(difference, 'parse')).toMatchObject({
      file: '/srv/app/list.js',
      line: 44,
      party: 'user',
      selfBefore: expect.closeTo(6 / 11, 9),
      selfAfter: expect.closeTo(3 / 9, 9),
      significant: true,
    });
    expect(rowOf(difference, 'log')).toMatchObject({ selfBefore: 0, relative: Number.POSITIVE_INFINITY });
    expect(rowOf(difference, '(garbage collector)')).toMatchObject({ selfAfter: 0, relative: -1 });
    expect(difference.rows.map(({ name }) => name)).not.toContain('(idle)');
    expect(difference.overall).toMatchObject({
      before: expect.closeTo(11 / 13, 9),
      after: expect.closeTo(9 / 13, 9),
      unit: 'busy share of time',
    });
  });

  it('by requests: weight per request', () => {
    const difference = compare(BEFORE, AFTER, { normalise: { by: 'requests', before: 100, after: 110 } });
    expect(rowOf(difference, 'parse')).toMatchObject({
      selfBefore: 6000,
      selfAfter: expect.closeTo(300_000 / 110, 6),
    });
    expect(difference.overall).toMatchObject({
      before: 11_000,
      after: expect.closeTo(900_000 / 110, 6),
      unit: 'microseconds per request',
      significant: true,
    });
    // Same weight, more requests: cheaper, though the share of the busy time rose.
    expect(rowOf(difference, 'format').totalDelta).toBeLessThan(0);
    expect(rowOf(compare(BEFORE, AFTER), 'format').totalDelta).toBeGreaterThan(0);
  });

  it('by nothing: as recorded', () => {
    const difference = compare(BEFORE, AFTER, { normalise: { by: 'nothing' } });
    expect(rowOf(difference, 'parse')).toMatchObject({
      selfBefore: 600_000,
      selfAfter: 300_000,
      delta: -300_000,
    });
    expect(difference.overall).toMatchObject({ before: 1_100_000, after: 900_000, unit: 'microseconds' });
  });

  it('charges native time to the user function, as the summary does', () => {
    expect(rowOf(compare(BEFORE, AFTER), 'format')).toMatchObject({
      selfBefore: 0,
      chargedBefore: expect.closeTo(3 / 11, 9),
      chargedAfter: expect.closeTo(3 / 9, 9),
    });
    expect(rowOf(compare(BEFORE, AFTER), 'replace').chargedAfter).toBe(0);
  });

  it('lays both over one tree, on the scale of the rows', () => {
    const { tree, before } = compare(BEFORE, AFTER);
    expect(tree.total[0]).toBeCloseTo(1, 9);
    expect(before.total[0]).toBeCloseTo(1, 9);
    const paths = Array.from(
      tree.parent.keys(),
      (node) =>
        `${tree.frames.name[tree.parent[node]! < 0 ? 0 : tree.frame[tree.parent[node]!]!]} > ${tree.frames.name[tree.frame[node]!]}`,
    );
    expect(new Set(paths).size).toBe(tree.length);
    expect(paths).toContain('list > (anonymous)');
    expect(paths).not.toContain('(root) > (idle)');
    const log = paths.indexOf('list > log');
    expect([before.self[log], tree.self[log]]).toEqual([0, expect.closeTo(2 / 9, 9)]);
    for (let node = 1; node < tree.length; node++) expect(tree.parent[node]).toBeLessThan(node);
  });

  it('puts significant rows first, then the largest change', () => {
    const { rows } = compare(BEFORE, AFTER);
    const keys = rows.map(({ significant, delta }) => [Number(significant), Math.abs(delta)]);
    for (let i = 1; i < keys.length; i++) {
      const [a, b] = [keys[i - 1]!, keys[i]!];
      expect(a[0]! > b[0]! || (a[0] === b[0] && a[1]! >= b[1]!)).toBe(true);
    }
    expect(rows[0]!.name).toBe('log');
    // 2 000 → 2 060 is chance, 5 → 50 is not.
    const mixed = compare(woven({ large: 2000, small: 5 }), woven({ large: 2060, small: 50 }), {
      normalise: { by: 'nothing' },
    });
    expect(mixed.rows.map(({ name, significant }) => [name, significant])).toEqual([
      ['small', true],
      ['large', false],
    ]);
  });

  it('finds nothing between a profile and itself', () => {
    for (const normalise of [
      { by: 'total' },
      { by: 'nothing' },
      { by: 'requests', before: 7, after: 7 },
    ] as const) {
      const { rows, overall } = compare(BEFORE, BEFORE, { normalise });
      expect(rows.filter(({ significant, chargedSignificant }) => significant || chargedSignificant)).toEqual(
        [],
      );
      expect(overall.significant).toBe(false);
    }
  });

  it.each([
    // z = (p₂ − p₁) / √(p̄(1−p̄)(1/N₁ + 1/N₂ + 2 · 0.014²)): 20 → 23.9 % of 1 000 each is 1.93, 24.1 % is 2.03.
    { before: 200, after: 239, of: 1000, significant: false },
    { before: 200, after: 241, of: 1000, significant: true },
    // Ten times the samples see half of the change: what runs differ by stays.
    { before: 2000, after: 2185, of: 10_000, significant: false },
    { before: 2000, after: 2200, of: 10_000, significant: true },
    // Under ten samples in both together nothing is sure, however large z.
    { before: 0, after: 9, of: 1000, significant: false },
    { before: 0, after: 10, of: 1000, significant: true },
  ])('$before → $after samples of $of: significant $significant', ({ before, after, of, significant }) => {
    const difference = compare(
      woven({ hot: before, rest: of - before, idle: of }),
      woven({ hot: after, rest: of - after, idle: 3 * of }),
    );
    expect(rowOf(difference, 'hot').significant).toBe(significant);
    expect(rowOf(difference, 'hot').chargedSignificant).toBe(significant);
  });

  it.each([
    // Poisson rates: (r₂ − r₁) / √(r̄ (m/R₁ + m/R₂)).
    { after: 1087, significant: false },
    { after: 1093, significant: true },
  ])('per request, 1 000 → $after samples: significant $significant', ({ after, significant }) => {
    const difference = compare(woven({ hot: 1000, idle: 50 }), woven({ hot: after, idle: 900 }), {
      normalise: { by: 'requests', before: 500, after: 500 },
    });
    expect(rowOf(difference, 'hot').significant).toBe(significant);
    expect(difference.overall.significant).toBe(significant);
  });

  it('knows that the samples of one long call are one event', () => {
    const order = Array.from({ length: 60 }, (_, i) => i).sort(
      (a, b) => (Math.imul(a + 1, 2_654_435_761) >>> 0) - (Math.imul(b + 1, 2_654_435_761) >>> 0),
    );
    const calls = (long: number) =>
      profileFromText(
        order.map((n) => (n < long ? 'slow@/app/a.js:1 x100' : 'fast@/app/a.js:9 x100')).join('  '),
      );
    // 20 → 25 calls of 100 samples: 33 → 42 % of 6 000, z ≈ 9 if they were independent.
    expect(rowOf(compare(calls(20), calls(25)), 'slow').significant).toBe(false);
    // Per request the number of calls is divided out.
    const perRequest = compare(calls(20), calls(25), {
      normalise: { by: 'requests', before: 60, after: 60 },
    });
    expect(rowOf(perRequest, 'slow').significant).toBe(true);
  });

  it.each([1, 25])('finds nothing in two runs of the same program, calls of %i samples', (length) => {
    let alarms = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const pair = compare(drawProgram(2 * seed, length), drawProgram(2 * seed + 1, length));
      if (pair.rows.some((row) => row.significant)) alarms++;
    }
    // At most one comparison in twenty by definition, however many functions there are.
    expect(alarms).toBeLessThanOrEqual(4);
  });

  it('finds the one function that changed among a hundred that did not', () => {
    const others = Array.from({ length: 100 }, (_, i) => [`other${i}`, 100 + (i % 7)]);
    const difference = compare(
      woven({ hot: 400, ...Object.fromEntries(others) }),
      woven({ hot: 700, ...Object.fromEntries(others) }),
    );
    expect(difference.rows.filter((row) => row.significant).map(({ name }) => name)).toEqual(['hot']);
  });

  it('judges allocations by their estimated number of samples', () => {
    const heap = (a: number) =>
      profileFromText(`a@/app/a.js:1 x${a}  b@/app/b.js:1 x100`, {
        unit: 'bytes',
        bytesPerSample: 32 * 1024,
      });
    expect(rowOf(compare(heap(100), heap(110)), 'a').significant).toBe(false);
    expect(rowOf(compare(heap(100), heap(200)), 'a').significant).toBe(true);
    expect(rowOf(compare(heap(100), heap(200), { allocationInterval: 2 ** 20 }), 'a').significant).toBe(
      false,
    );
    expect(compare(heap(100), heap(110)).overall).toMatchObject({ unit: 'bytes', before: 200 * 32 * 1024 });
  });

  it('takes what was measured, not sampled, at its word', () => {
    const measured = (weight: number) => {
      const builder = new CallTreeBuilder('microseconds');
      const frame = (name: string) =>
        builder.frameRow({ ...ROOT_FRAME, name, category: 'js', party: 'user' });
      builder.addSelf(builder.child(0, frame('a')), weight);
      builder.addSelf(builder.child(0, frame('b')), 1000);
      return builder.finish({ from: 0, to: 2 });
    };
    const difference = compare(measured(1000), measured(1010));
    expect(rowOf(difference, 'a')).toMatchObject({ z: Number.POSITIVE_INFINITY, significant: true });
    expect(difference.notes.join()).toMatch(/was measured, not sampled/);
  });

  it('refuses different units, and no requests', () => {
    const heap = profileFromText('a@/app/a.js:1', { unit: 'bytes' });
    expect(() => compare(BEFORE, heap)).toThrow(HolterError);
    expect(() => compare(BEFORE, heap)).toThrow(/before is in microseconds, after in bytes/);
    for (const before of [0, -1, Number.NaN])
      expect(() => compare(BEFORE, AFTER, { normalise: { by: 'requests', before, after: 5 } })).toThrow(
        HolterError,
      );
  });

  it('has no NaN when a side is empty or idle', () => {
    const empty = new CallTreeBuilder('microseconds').finish({ from: 0, to: 0 });
    const idle = profileFromText('(idle) x20');
    for (const [a, b] of [
      [empty, AFTER],
      [AFTER, empty],
      [idle, AFTER],
      [empty, idle],
    ] as const)
      for (const normalise of [
        { by: 'total' },
        { by: 'nothing' },
        { by: 'requests', before: 1, after: 2 },
      ] as const) {
        const { rows, overall, tree, before } = compare(a, b, { normalise });
        const numbers = [
          ...rows.flatMap((row) => Object.values(row)),
          ...Object.values(overall),
          ...tree.total,
          ...before.total,
        ];
        expect(numbers.filter((value) => Number.isNaN(value))).toEqual([]);
      }
  });

  it('walks stacks 20 000 deep', () => {
    const builder = new CallTreeBuilder('microseconds');
    let node = 0;
    for (let depth = 0; depth < 20_000; depth++)
      node = builder.child(
        node,
        builder.frameRow({ ...ROOT_FRAME, name: `f${depth % 3}`, category: 'js', party: 'user' }),
      );
    builder.addSample(0, node, 1000);
    const deep = builder.finish({ from: 0, to: 1 });
    expect(compare(deep, deep).tree.length).toBe(deep.length);
  });
});

describe('notes of a comparison', () => {
  const notes = (...args: Parameters<typeof compare>) => compare(...args).notes.join('\n');

  it('says when the inputs were swapped', () => {
    const names = { beforeName: 'a', afterName: 'b' };
    const [early, late] = ['2026-01-01T10:00:00Z', '2026-01-01T10:00:01Z'];
    expect(notes(BEFORE, AFTER, { ...names, beforeRecordedAt: late, afterRecordedAt: early })).toMatch(
      /the second file \(b\) was recorded before the first \(a\): the base goes first/,
    );
    expect(notes(BEFORE, AFTER, { ...names, beforeRecordedAt: early, afterRecordedAt: late })).not.toMatch(
      /recorded/,
    );
    expect(notes(BEFORE, AFTER, { ...names, beforeRecordedAt: early, afterRecordedAt: early })).toMatch(
      /same moment/,
    );
    expect(
      notes(BEFORE, AFTER, { ...names, beforeRecordedAt: 'yesterday', afterRecordedAt: early }),
    ).not.toMatch(/recorded/);
  });

  it('says when there are few samples, and what that hides', () => {
    expect(notes(woven({ a: 142 }), woven({ a: 1000 }))).toBe(
      '142 busy samples in before: changes under 8.2 points may be noise',
    );
    expect(notes(woven({ a: 142 }), woven({ a: 1000 }), { normalise: { by: 'nothing' } })).toMatch(
      /16 % of the whole/,
    );
    expect(notes(woven({ a: 1000, idle: 5 }), woven({ a: 1000 }))).toBe('');
    expect(notes(woven({ a: 999, idle: 500 }), woven({ a: 1000 }))).toMatch(/999 busy samples/);
  });

  it('says when the two are not alike', () => {
    const at = (msPerSample: number, file = '/app/a.js') =>
      profileFromText(`a@${file}:1 x2000`, { msPerSample });
    expect(notes(at(1), at(1.4))).toBe('');
    expect(notes(at(1), at(10))).toMatch(/sampled each 1 ms before, each 10 ms after/);
    expect(notes(at(1), at(1.6), { normalise: { by: 'nothing' } })).toMatch(
      /2 s recorded before, 3.2 s after/,
    );
    expect(notes(at(1), at(1, '/other/z.js'))).toMatch(/a.js is compared with .*z.js/);
    expect(notes(woven({ a: 1000 }), woven({ b: 1000 }))).toMatch(/no function of your code is in both/);
    expect(notes({ ...at(1), partial: 'file ends early' }, at(1))).toMatch(
      /before is partial: file ends early/,
    );
    expect(notes(at(1), profileFromText('(idle) x2000'))).toMatch(/after has no busy time/);
    expect(notes(at(1), at(1), { normalise: { by: 'requests', before: 100, after: 900 } })).toMatch(
      /50 requests a second before, 450 after/,
    );
  });
});
