import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFile } from '../base/byte-source.ts';
import type { CallTree } from './call-tree.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { aggregateFunctions } from './functions.ts';
import { readPprof } from './read-pprof.ts';
import { writePprof } from './write-pprof.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures');
/** Debian's golang-go; the same comparison is made with speedscope, which is always there (test/web/speedscope.test.ts). */
const go = spawnSync('go', ['version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'holter-pprof-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Flat weight by function name as `go tool pprof -top` counts it, in the unit given. */
function topOf(file: string, sampleType: string, unit: string): Map<string, number> {
  const options = ['-top', '-nodefraction=0', '-edgefraction=0', '-nodecount=1000000', `-unit=${unit}`];
  const { stdout, stderr } = spawnSync(
    'go',
    ['tool', 'pprof', ...options, `-sample_index=${sampleType}`, file],
    { encoding: 'utf8', env: { ...process.env, PPROF_TMPDIR: folder } },
  );
  const rows = stdout
    .split('\n')
    .map((line) =>
      /^\s*([\d.]+)\S*\s+\S+%\s+\S+%\s+\S+\s+\S+%\s+(.+?)( \(inline\)| \(partial-inline\))?$/.exec(line),
    );
  const top = new Map<string, number>();
  for (const row of rows) {
    if (row === null || Number(row[1]) === 0) continue;
    top.set(row[2]!, (top.get(row[2]!) ?? 0) + Number(row[1]));
  }
  if (top.size === 0) throw new Error(`go tool pprof says nothing: ${stdout} ${stderr}`);
  return top;
}

function flatOf(tree: CallTree): Map<string, number> {
  const flat = new Map<string, number>();
  const scale = tree.unit === 'microseconds' ? 1000 : 1;
  for (const { name, self } of aggregateFunctions(tree)) {
    if (self > 0) flat.set(name, (flat.get(name) ?? 0) + self * scale);
  }
  return flat;
}

/** Within half a unit of the last digit that pprof prints. */
function expectEqual(ours: Map<string, number>, theirs: Map<string, number>, digits: number): void {
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [name, value] of theirs)
    expect(Math.abs(ours.get(name)! - value), name).toBeLessThanOrEqual(digits);
}

const UNITS = { microseconds: 'ns', bytes: 'B', samples: 'count' } as const;

describe.runIf(go)('go tool pprof', () => {
  it.each(readdirSync(join(FIXTURES, 'pprof')).filter((name) => name.endsWith('.gz')))(
    'counts %s as holter does',
    (name) => {
      const file = join(FIXTURES, 'pprof', name);
      const types = new Map<string, Map<string, number>>();
      const units = new Map<string, string>();
      for (const profile of readPprof(openFile(file), {}).profiles) {
        const type = profile.name.split(' ').at(-1)!;
        const sum = types.get(type) ?? new Map<string, number>();
        for (const [fn, weight] of flatOf(profile.tree)) sum.set(fn, (sum.get(fn) ?? 0) + weight);
        types.set(type, sum);
        units.set(type, UNITS[profile.tree.unit]);
      }
      for (const [type, ours] of types) {
        const theirs = topOf(file, type, units.get(type)!);
        expectEqual(ours, theirs, 1);
      }
    },
  );

  it('opens what holter writes', () => {
    const json = readFileSync(join(FIXTURES, 'cpuprofile/22.23.3/deep.cpuprofile'));
    const tree = readCpuProfile(json);
    const file = join(folder, 'deep.pb.gz');
    writeFileSync(file, writePprof(tree));
    expectEqual(flatOf(tree), topOf(file, 'cpu', 'ns'), 1);
  });
});
