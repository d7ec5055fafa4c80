import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { SourceMaps } from '../source-map/source-map.ts';
import type { CallTree } from './call-tree.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { aggregateFunctions, aggregatePackages, type FunctionRow } from './functions.ts';
import { readHeapProfile } from './heapprofile.ts';
import { splitTime } from './time-split.ts';

const FOLDER = join(import.meta.dirname, '../../test/fixtures/cpuprofile');
const VERSIONS = readdirSync(FOLDER).filter((name) => /^\d/.test(name));
const MAP = readFileSync(join(FOLDER, 'bundle/shop.js.map'), 'utf8');

const bytesOf = (version: string, name: string) => readFileSync(join(FOLDER, version, name));

function row(tree: CallTree, name: string): FunctionRow {
  const found = aggregateFunctions(tree).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no function ${name} in the profile`);
  return found;
}

const share = (tree: CallTree, name: string, of: 'self' | 'total' = 'self') =>
  row(tree, name)[of] / tree.total[0]!;

it('has fixtures of every supported Node', () => {
  expect(VERSIONS.map((version) => Number.parseInt(version, 10))).toEqual([18, 20, 22, 24, 26]);
});

describe.each(VERSIONS)('profiles written by Node %s', (version) => {
  it('user code, dependency, core, native, GC and idle time', () => {
    const tree = readCpuProfile(bytesOf(version, 'busy.cpuprofile'));
    // spin 120, litter 120, indent 60 of about 450 ms.
    expect(row(tree, 'spin')).toMatchObject({
      file: '/app/busy.cjs',
      line: 6,
      party: 'user',
      category: 'js',
    });
    expect(share(tree, 'spin')).toBeGreaterThan(0.15);
    expect(row(tree, 'indent')).toMatchObject({ party: 'dependency', package: 'left-indent' });
    expect(share(tree, 'indent')).toBeGreaterThan(0.07);
    expect(share(tree, 'indent')).toBeLessThan(0.25);
    expect(row(tree, 'pbkdf2Sync')).toMatchObject({ party: 'core', file: 'node:internal/crypto/pbkdf2' });
    expect(aggregatePackages(tree).map(({ name }) => name)).toEqual(['left-indent']);
    const split = splitTime(tree);
    expect(split.share.gc).toBeGreaterThan(0.03);
    expect(split.share.native).toBeGreaterThan(0.02);
    // Node 18 takes no samples while it waits and profiles itself: that time is `(program)`.
    expect(split.share.idle + split.share.program).toBeGreaterThan(0.12);
    expect(tree.partial).toBeUndefined();
    const lines = [...tree.lines.node.keys()]
      .filter((i) => tree.frames.name[tree.frame[tree.lines.node[i]!]!] === 'spin')
      .map((i) => tree.lines.line[i]!);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toBeGreaterThanOrEqual(6);
    for (const line of lines) expect(line).toBeLessThanOrEqual(13);
  });

  it('minified TypeScript comes out as written', () => {
    const maps = new SourceMaps([{ url: '/app/dist/shop.js', map: MAP }]);
    const tree = readCpuProfile(bytesOf(version, 'bundle.cpuprofile'), { maps });
    expect(row(tree, 'hashPassword')).toMatchObject({
      file: '/app/src/auth/hash.ts',
      line: 4,
      party: 'user',
    });
    expect(share(tree, 'hashPassword')).toBeGreaterThan(0.4);
    expect(row(tree, 'handleRequest')).toMatchObject({ file: '/app/src/server.ts', line: 8 });
    expect(row(tree, 'run')).toMatchObject({ file: '/app/src/server.ts', line: 14 });
    expect(share(tree, 'run', 'total')).toBeGreaterThan(0.9);
    expect(maps.notes).toEqual([]);
  });

  it('modules, async functions and classes', () => {
    const tree = readCpuProfile(bytesOf(version, 'modules.cpuprofile'));
    expect(row(tree, 'digest')).toMatchObject({ file: '/app/modules.mjs', line: 5, party: 'user' });
    expect(share(tree, 'digest')).toBeGreaterThan(0.7);
    expect(row(tree, 'crunch')).toMatchObject({ file: '/app/lib/engine.mjs', line: 3 });
  });

  it('a worker', () => {
    const tree = readCpuProfile(bytesOf(version, 'worker.cpuprofile'));
    expect(row(tree, 'resize')).toMatchObject({ file: '/app/worker.cjs', line: 6 });
    expect(share(tree, 'resize')).toBeGreaterThan(0.8);
  });

  it('a recursion counts once per stack', () => {
    const tree = readCpuProfile(bytesOf(version, 'deep.cpuprofile'));
    // V8 keeps the innermost 255 frames.
    expect(Math.max(...tree.depth)).toBeGreaterThan(200);
    expect(row(tree, 'descend').total).toBeLessThanOrEqual(tree.total[0]!);
    expect(share(tree, 'descend', 'total')).toBeGreaterThan(0.5);
  });

  it('allocations alive, and all of them where V8 can tell', () => {
    const live = readHeapProfile(bytesOf(version, 'live.heapprofile'));
    expect(live.unit).toBe('bytes');
    expect(row(live, 'remember')).toMatchObject({ file: '/app/heap.cjs', line: 4 });
    expect(share(live, 'remember')).toBeGreaterThan(0.5);
    const all = readHeapProfile(bytesOf(version, 'all.heapprofile'));
    // V8 10.2 of Node 18 ignores the request for what was freed.
    if (!version.startsWith('18.')) expect(share(all, 'litter')).toBeGreaterThan(0.7);
    expect(all.samples.time.length).toBe(0);
  });
});

/** Deterministic: the same damage in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function expectSoundOrRefused(read: () => CallTree): 'read' | 'refused' {
  let tree: CallTree;
  try {
    tree = read();
  } catch (error) {
    expect(error).toBeInstanceOf(HolterError);
    return 'refused';
  }
  for (let node = 1; node < tree.length; node++) expect(tree.parent[node]).toBeLessThan(node);
  expect(Number.isFinite(tree.total[0]!)).toBe(true);
  expect(tree.self.every((weight) => weight >= 0)).toBe(true);
  return 'read';
}

describe.each(
  VERSIONS.flatMap((version) => readdirSync(join(FOLDER, version)).map((name) => [version, name] as const)),
)('damaged %s/%s', (version, name) => {
  const bytes = bytesOf(version, name);
  const read = (damaged: Buffer) =>
    name.endsWith('.heapprofile') ? readHeapProfile(damaged) : readCpuProfile(damaged);

  it('cut anywhere', () => {
    const steps = 24;
    const outcomes = new Set<string>();
    for (let i = 0; i < steps; i++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * i) / steps));
      const outcome = expectSoundOrRefused(() => read(cut));
      outcomes.add(outcome);
      if (outcome === 'read') expect(read(cut).partial).toMatch(/sound for/);
    }
    expect([...outcomes].sort()).toEqual(['read', 'refused']);
  });

  it('flipped bytes', () => {
    const next = random(bytes.length);
    for (let i = 0; i < 24; i++) {
      const flipped = Buffer.from(bytes);
      for (let n = 0; n <= i % 4; n++) {
        const at = Math.floor(next() * flipped.length);
        flipped[at] = flipped[at]! ^ (1 << Math.floor(next() * 8));
      }
      expectSoundOrRefused(() => read(flipped));
    }
  });
});
