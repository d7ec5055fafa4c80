import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildPageData, buildPageProfile } from './build-page-data.ts';
import { drawLoginTree, drawTree } from './login-profile.fixture.ts';
import { drawVisit, type FixtureOptions } from './page.fixture.ts';
import { packPage, unpackPage } from './page-codec.ts';
import { type DoctorPage, PAGE_ROOMS } from './page-data.ts';

function page(options: FixtureOptions = {}): DoctorPage {
  const { evidence, report } = drawVisit(options);
  return buildPageData(evidence, report, { name: 'rec/', bytes: 1, holter: '1.0.0' });
}

describe('buildPageData', () => {
  it('opens again to the tree it was made of', () => {
    const tree = drawLoginTree(2000);
    const { profiles } = unpackPage(packPage(page())) as DoctorPage;
    const { nodes, samples, frames } = profiles[0]!;
    expect(nodes).toEqual({ parent: tree.parent, frame: tree.frame, self: tree.self });
    expect(samples.node).toEqual(tree.samples.node);
    expect(samples.time).toEqual(tree.samples.time);
    expect(frames.line).toEqual(tree.frames.line);
    expect(frames.name).toEqual(tree.frames.name);
  });

  it('leaves out weights of samples that only repeat the time, and keeps others', () => {
    const tree = drawLoginTree(100);
    expect(buildPageProfile('main', tree, { cwd: '' }).samples.weight).toHaveLength(0);
    tree.samples.weight[3] = 5000;
    expect(buildPageProfile('main', tree, { cwd: '' }).samples.weight).toEqual(tree.samples.weight);
  });

  it('rounds weights to what can be seen, and small ones not at all', () => {
    const tree = drawLoginTree(100);
    const thirds = (scale: number) => ({ ...tree, self: tree.self.map((one) => (one * scale) / 3) });
    const selfOf = (scale: number) => buildPageProfile('main', thirds(scale), { cwd: '' }).nodes.self;
    for (const one of selfOf(1)) expect(one).toBe(Math.round(one));
    const share = 1 / tree.total[0]!;
    expect(selfOf(share)).toEqual(thirds(share).self);
    const { before } = buildPageProfile('main', tree, { cwd: '', before: tree.self.map((one) => one / 3) });
    for (const one of before!) expect(one).toBe(Math.round(one));
  });

  it('says whose page it is and carries the sources of the user\u2019s files in the profiles', () => {
    const { evidence, report } = drawVisit();
    const asked: string[] = [];
    evidence.sources = {
      lines: (file) => {
        asked.push(file);
        if (file.endsWith('log.js')) return ['x'.repeat(500_000)];
        return file.endsWith('auth.js') ? ['first', 'second'] : undefined;
      },
    };
    const data = buildPageData(evidence, report, { name: 'rec/', bytes: 1, holter: '1.0.0' });
    expect(data.kind).toBe('doctor');
    expect(data.subject).toEqual({ verb: 'doctor', name: 'api-gateway', detail: 'pid 4711' });
    expect(data.sources).toEqual({ 'app/auth.js': 'first\nsecond' });
    expect(asked.some((file) => file.includes('node_modules') || file.startsWith('node:'))).toBe(false);
    // The file with the most time is asked for first: what does not fit is the least of it.
    expect(asked[0]).toBe('/srv/api-gateway/app/auth.js');
  });

  it('knows the lines of calls where there is a source, and carries their weight', () => {
    const { calls, frames } = page().profiles[0]!;
    const named = Array.from(calls!.frame, (frame, k) => [
      frames.name[frame],
      frames.name[calls!.callee[k]!],
      calls!.line[k],
    ]);
    expect(named).toContainEqual(['hashPassword', 'pbkdf2Sync', 41]);
    const tree = drawLoginTree(2000);
    const nameOf = (node: number) => tree.frames.name[tree.frame[node]!]!;
    let below = 0;
    for (let i = 0; i < tree.length; i++)
      if (nameOf(i) === 'pbkdf2Sync' && nameOf(tree.parent[i]!) === 'hashPassword') below += tree.total[i]!;
    expect(calls!.weight[0]).toBeCloseTo(below, -3);
    expect(buildPageProfile('main', tree, { cwd: '' }).calls).toBeUndefined();
  });

  it('names threads, main first, and rooms', () => {
    const data = page();
    expect(data.profiles.map((profile) => profile.thread)).toEqual(['main thread', 'worker 3 resize']);
    const { name, room } = data.profiles[0]!.frames;
    const roomOf = (wanted: string) => PAGE_ROOMS[room[name.indexOf(wanted)]!];
    expect(['hashPassword', 'onEnd', 'emit', 'sha512_block_data_order', 'tcp_sendmsg'].map(roomOf)).toEqual([
      'user',
      'dependency',
      'core',
      'native',
      'kernel',
    ]);
    expect(['(garbage collector)', '(idle)', '(program)'].map(roomOf)).toEqual(['gc', 'idle', 'native']);
  });

  it('finds the nodes a finding blames, by function and file, also below the target\u2019s folder', () => {
    const data = page();
    const { frames, nodes, blamedNodes } = data.profiles[0]!;
    expect(blamedNodes).toHaveLength(data.report.findings.length);
    expect(blamedNodes[0]!.length).toBeGreaterThan(0);
    for (const node of blamedNodes[0]!) expect(frames.name[nodes.frame[node]!]).toBe('hashPassword');
    expect(blamedNodes[2]).toEqual([]);
  });

  it('among functions of one name means the one that starts above the blamed line', () => {
    const { evidence, report } = drawVisit();
    const main = drawTree(
      [
        { frames: [['user', '', '/srv/api-gateway/app/auth.js', 5]], samples: 1 },
        { frames: [['user', '', '/srv/api-gateway/app/auth.js', 37]], samples: 1 },
        { frames: [['user', '', '/srv/api-gateway/app/auth.js', 90]], samples: 1 },
      ],
      0,
    );
    report.findings[0]!.where[0]!.function = '(anonymous)';
    const { profiles } = buildPageData({ ...evidence, main }, report, { name: '', bytes: 0, holter: '' });
    expect(profiles[0]!.blamedNodes[0]).toEqual([2]);
  });

  it('keeps gaps and masks of series, and the peaks of long ones', () => {
    const { evidence, report } = drawVisit();
    const value = new Float64Array(50_000);
    value.fill(Number.NaN, 20_000, 30_000);
    value[40_001] = 999;
    const time = value.map((_, i) => i * 10);
    const masked = [{ fromMs: 1, toMs: 2, why: 'profiling' }];
    evidence.vitals.series.set('gc.percent', { name: 'gc.percent', time, value, masked });
    const data = buildPageData(evidence, report, { name: '', bytes: 0, holter: '' });
    const series = data.series.find((one) => one.name === 'gc.percent')!;
    expect(series.t.length).toBeLessThanOrEqual(4000);
    expect(Math.max(...series.v.map((one) => one ?? 0))).toBe(999);
    expect(series.v.filter((one) => one === null).length).toBeGreaterThan(500);
    expect(series.masked).toEqual(masked);
    expect(JSON.parse(JSON.stringify(data.series))).toEqual(data.series);
  });

  it('stays small at 60 000 nodes', () => {
    const data = page({ nodes: 60_000 });
    expect(data.profiles[0]!.nodes.parent.length).toBeGreaterThan(40_000);
    expect(deflateRawSync(packPage(data), { level: 1 }).length).toBeLessThan(500_000);
  });

  it('tells what is missing: no profile, why the inside was not reached, the stack of a stuck loop', () => {
    expect(page({ state: 'outside' })).toMatchObject({
      access: 'outside',
      accessProblem: 'SIGUSR1 is not caught',
      profiles: [],
    });
    const { stuck } = page({ state: 'stuck' });
    expect(stuck!.frames[0]).toEqual({
      function: 'render',
      file: 'app/views/list.js',
      line: 88,
      room: 'user',
      values: 'rows = Array(12)',
    });
    expect(page({ state: 'died' }).requestedSeconds).toBe(30);
  });
});
