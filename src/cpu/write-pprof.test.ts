import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Profile } from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { describeLines, describeTree, drawnTree } from './drawn-tree.fixture.ts';
import { readPprof } from './read-pprof.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { writePprof } from './write-pprof.ts';

describe('writePprof', () => {
  it('comes back the same: names, places, weights, lines', () => {
    fc.assert(
      fc.property(drawnTree, (tree) => {
        const file = readPprof(openBytes(writePprof(tree)), {});
        expect(file.notes).toEqual([]);
        const read = file.profiles[0]!.tree;
        expect(read.unit).toBe(tree.unit);
        expect(describeTree(read)).toEqual(describeTree(tree));
        // Parts are rounded to whole nanoseconds.
        expect(describeLines(read, 2)).toEqual(describeLines(tree, 2));
        if (tree.samples.node.length > 0) {
          expect(file.profiles.map(({ name }) => name)).toEqual(['cpu', 'samples']);
          expect(file.profiles[1]!.tree.total[0]).toBe(tree.samples.node.length);
        } else expect(file.profiles.length).toBe(1);
      }),
    );
  });

  it('says what it holds, as another decoder reads it', () => {
    const tree = profileFromText(`
      main@/app/server.js:3:1          main@/app/server.js:3:1   (idle) x20
      hash@/app/auth.js:41:7 #44 x30   log@/app/log.js:9:5
    `);
    const profile = Profile.decode(gunzipSync(writePprof(tree, { recordedAt: '2026-11-22T22:14:07.250Z' })));
    const text = (index: unknown) => profile.stringTable.strings[Number(index)];
    expect(profile.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ]);
    expect(text(profile.defaultSampleType)).toBe('cpu');
    expect(text(profile.periodType?.unit)).toBe('nanoseconds');
    expect([Number(profile.period), Number(profile.durationNanos)]).toEqual([1e6, 51e6]);
    expect(BigInt(profile.timeNanos)).toBe(1_795_385_647_250_000_000n);
    const stacks = profile.sample.map(({ locationId, value }) => [
      locationId.map((id) => {
        const { line } = profile.location.find((location) => location.id === id)!;
        const fn = profile.function.find((entry) => entry.id === line[0]!.functionId)!;
        return `${text(fn.name)} ${text(fn.filename)}:${fn.startLine} at ${line[0]!.line}`;
      }),
      value.map(Number),
    ]);
    expect(stacks).toEqual([
      [
        ['hash /app/auth.js:41 at 44', 'main /app/server.js:3 at 3'],
        [30, 30e6],
      ],
      [
        ['log /app/log.js:9 at 9', 'main /app/server.js:3 at 3'],
        [1, 1e6],
      ],
      [['(idle) :0 at 0'], [20, 20e6]],
    ]);
  });

  it('gives equal bytes for equal trees', () => {
    const draw = () => profileFromText('a@/x.js:1 x3   b@/x.js:9 x2');
    expect(writePprof(draw())).toEqual(writePprof(draw()));
  });

  it('writes stacks 10 000 deep', () => {
    const cells = Array.from({ length: 10_000 }, (_, depth) => `f${depth % 7}@/x.js:${depth % 7}`);
    const tree = profileFromText(cells.join('\n'));
    const read = readPprof(openBytes(writePprof(tree)), {}).profiles[0]!.tree;
    expect(Math.max(...read.depth)).toBe(10_000);
    expect(read.total[0]).toBe(1000);
  });
});
