import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { describeLines, describeSamples, describeTree, drawnTree } from './drawn-tree.fixture.ts';
import { describeForeignFrame } from './foreign-frame.ts';
import { MICROSECONDS_PER } from './profile-samples.ts';
import { readPerfScript } from './read-perf-script.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { writeCpuProfile } from './write-cpuprofile.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures');

const textOf = (tree: CallTree) => [...writeCpuProfile(tree)].join('');
const back = (tree: CallTree) => readCpuProfile(textOf(tree), { startedMonotonicUs: 0 });

/** What a `.cpuprofile` cannot hold is taken from the expectation too: kernel frames come back as native ones. */
const withoutKernel = (lines: string[]) =>
  lines.map((line) => line.replaceAll(' kernel/', ' native/')).sort();

/** The tree as µs, as the file has it. */
function inMicroseconds(tree: CallTree): CallTree {
  const scale = MICROSECONDS_PER[tree.unit];
  const scaled = (weights: Float64Array) => weights.map((weight) => weight * scale);
  return {
    ...tree,
    self: scaled(tree.self),
    total: scaled(tree.total),
    lines: { ...tree.lines, weight: scaled(tree.lines.weight) },
  };
}

/** Largest difference in weight between the stacks of two trees. */
function difference(a: CallTree, b: CallTree): number {
  const weights = (tree: CallTree) =>
    new Map(
      withoutKernel(describeTree(tree)).map((line) => {
        const [, stack, weight] = /^(.*) {2}(-?\d+\.\d+)$/s.exec(line)!;
        return [stack!, Number(weight)];
      }),
    );
  const [left, right] = [weights(a), weights(b)];
  const stacks = [...left.keys(), ...right.keys()];
  return Math.max(0, ...stacks.map((stack) => Math.abs((left.get(stack) ?? 0) - (right.get(stack) ?? 0))));
}

describe('writeCpuProfile', () => {
  it('writes what V8 writes', () => {
    const tree = profileFromText(`
      main@/app/my server.js:3:5     (idle) x2   (garbage collector)
      hash@node:crypto:41 #44 x2
    `);
    expect(JSON.parse(textOf(tree))).toEqual({
      nodes: [
        {
          id: 1,
          callFrame: { functionName: '(root)', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 },
          hitCount: 0,
          children: [2, 4, 5],
        },
        {
          id: 2,
          callFrame: {
            functionName: 'main',
            scriptId: '1',
            url: 'file:///app/my%20server.js',
            lineNumber: 2,
            columnNumber: 4,
          },
          hitCount: 0,
          children: [3],
        },
        {
          id: 3,
          callFrame: {
            functionName: 'hash',
            scriptId: '2',
            url: 'node:crypto',
            lineNumber: 40,
            columnNumber: -1,
          },
          hitCount: 2,
          positionTicks: [{ line: 44, ticks: 2 }],
        },
        {
          id: 4,
          callFrame: { functionName: '(idle)', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 },
          hitCount: 2,
        },
        {
          id: 5,
          callFrame: {
            functionName: '(garbage collector)',
            scriptId: '0',
            url: '',
            lineNumber: -1,
            columnNumber: -1,
          },
          hitCount: 1,
        },
      ],
      startTime: 0,
      endTime: 5000,
      samples: [3, 3, 4, 4, 5],
      timeDeltas: [0, 1000, 1000, 1000, 1000],
    });
  });

  it('gives the tree back: stacks, places, categories, weights to 1 µs per sample', () => {
    fc.assert(
      fc.property(drawnTree, (tree) => {
        const read = back(tree);
        const samples = Math.max(1, tree.samples.time.length);
        expect(difference(inMicroseconds(tree), read)).toBeLessThanOrEqual(samples + 0.001);
        expect(Math.abs(inMicroseconds(tree).total[0]! - read.total[0]!)).toBeLessThanOrEqual(1);
        expect(read.partial).toBeUndefined();
        const named = (lines: string[]) =>
          withoutKernel(lines.map((line) => line.replace(/ {2}[\d.]+$/, '')));
        expect(named(describeLines(read))).toEqual(named(describeLines(tree)));
      }),
    );
  });

  it('keeps times where the tree has whole µs', () => {
    const tree = profileFromText(`
      main@/app/server.js:3    (idle) x20   main@/app/server.js:3
      hash@/app/auth.js:41 x3               log@/app/log.js:9:5
    `);
    const later: CallTree = {
      ...tree,
      from: 1000,
      to: tree.to + 1000,
      samples: { ...tree.samples, time: tree.samples.time.map((time) => time + 1000) },
    };
    const read = back(later);
    expect([read.from, read.to]).toEqual([later.from, later.to]);
    expect(describeSamples(read)).toEqual(describeSamples(later));
  });

  it('ends a long last sample, which a reader would not believe', () => {
    const builder = new CallTreeBuilder('microseconds');
    const node = builder.child(
      0,
      builder.frameRow(describeForeignFrame({ name: 'spin', file: '/a.js', line: 1, column: 1 })),
    );
    builder.addSample(0, node, 60_000_000);
    const read = back(builder.finish({ from: 0, to: 60_000 }));
    expect([read.length, read.self[1], read.to]).toEqual([2, 60_000_000, 60_000]);
  });

  it('keeps the weight of samples that overlap or leave gaps', () => {
    const builder = new CallTreeBuilder('microseconds');
    const node = (name: string) =>
      builder.child(0, builder.frameRow(describeForeignFrame({ name, file: '', line: 0, column: 0 })));
    for (let i = 0; i < 10; i++) builder.addSample(Math.floor(i / 3) * 10, node(`thread ${i % 3}`), 2000);
    const read = back(builder.finish({ from: 0, to: 32 }));
    expect([...read.self]).toEqual([0, 8000, 6000, 6000]);
  });

  it('every fixture', () => {
    for (const version of readdirSync(join(FIXTURES, 'cpuprofile')).filter((name) => /^\d/.test(name))) {
      const tree = readCpuProfile(readFileSync(join(FIXTURES, 'cpuprofile', version, 'busy.cpuprofile')));
      const read = back(tree);
      // All but the last sample has whole µs.
      expect(difference(tree, read)).toBeLessThan(1);
      const withoutWeights = (lines: string[]) => lines.map((line) => line.replace(/[\d.]+$/, ''));
      expect(withoutWeights(describeLines(read))).toEqual(withoutWeights(describeLines(tree)));
      // A long last one is ended by one more, of no weight.
      const samples = withoutWeights(describeSamples(tree));
      expect(withoutWeights(describeSamples(read)).slice(0, samples.length)).toEqual(samples);
      expect(read.samples.node.length - samples.length).toBeLessThan(2);
    }
    const perf = readPerfScript(
      openBytes(gunzipSync(readFileSync(join(FIXTURES, 'perf-script/24.21.0/busy.txt.gz')))),
      {},
    ).profiles[0]!.tree;
    const read = back(perf);
    expect(Math.abs(read.total[0]! - perf.total[0]!)).toBeLessThan(perf.samples.time.length);
    expect(read.frames.category.every((category) => CATEGORIES[category] !== 'kernel')).toBe(true);
  });

  it('an empty tree is a file too', () => {
    const read = back(new CallTreeBuilder('microseconds').finish({ from: 0, to: 0 }));
    expect([read.length, read.total[0]]).toEqual([1, 0]);
  });

  it('paths that are no plain paths', () => {
    for (const file of [
      '/a b/100%/x.js',
      '/a/b?c/#1.js',
      'C:/app/x.js',
      'src/a.ts',
      'wasm://wasm/0a1b',
      '//host/x.js',
    ]) {
      const builder = new CallTreeBuilder('samples');
      builder.addSelf(
        builder.child(0, builder.frameRow(describeForeignFrame({ name: 'f', file, line: 2, column: 3 }))),
        1,
      );
      const { frames } = back(builder.finish({ from: 0, to: 0 }));
      expect([frames.file[1], frames.line[1], frames.column[1]]).toEqual([file, 2, 3]);
    }
  });

  it('chains of 20 000 frames and 90 000 nodes come in pieces', () => {
    const builder = new CallTreeBuilder('microseconds');
    const rows = Array.from({ length: 700 }, (_, i) =>
      builder.frameRow(describeForeignFrame({ name: `f${i}`, file: '/a.js', line: i + 1, column: 1 })),
    );
    let node = 0;
    for (let i = 0; i < 20_000; i++) node = builder.child(node, rows[i % 700]!);
    builder.addSelf(node, 5);
    for (let i = 0; i < 100; i++) {
      const parent = builder.child(0, rows[i]!);
      for (let j = 0; j < 700; j++) builder.addSelf(builder.child(parent, rows[j]!), 1);
    }
    const tree = builder.finish({ from: 0, to: 0 });
    let longest = 0;
    const pieces: string[] = [];
    for (const piece of writeCpuProfile(tree)) {
      longest = Math.max(longest, piece.length);
      pieces.push(piece);
    }
    expect(longest).toBeLessThan(100_000);
    const read = readCpuProfile(pieces.join(''));
    expect([read.length, read.total[0]]).toEqual([tree.length, tree.total[0]]);
    expect(Math.max(...read.depth.subarray(0, 20_001))).toBe(20_000);
  });
});
