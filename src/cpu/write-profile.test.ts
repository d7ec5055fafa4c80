import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import type { NamedTree } from './profile-file.ts';
import { readPprof } from './read-pprof.ts';
import { readSpeedscope } from './read-speedscope.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { formatOfFileName, writeProfile } from './write-profile.ts';

const profiles: NamedTree[] = [
  { name: 'main', tree: profileFromText('main@/a.js:1 x3') },
  { name: 'worker 1', tree: profileFromText('resize@/w.js:1 x2') },
];
const meta = { name: 'shop', recordedAt: '2026-11-22T22:14:07.250Z' };
const bytesOf = (pieces: Iterable<string | Uint8Array>) =>
  Buffer.concat([...pieces].map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));

describe('formatOfFileName', () => {
  it.each([
    ['a.cpuprofile', 'cpuprofile'],
    ['/x/A.CPUPROFILE', 'cpuprofile'],
    ['a.folded', 'folded'],
    ['a.collapsed', 'folded'],
    ['a.txt', 'folded'],
    ['a.pb.gz', 'pprof'],
    ['a.pprof', 'pprof'],
    ['a.speedscope.json', 'speedscope'],
    ['a.json', undefined],
    ['a.svg', undefined],
    ['folded', undefined],
    ['', undefined],
  ])('%s: %s', (name, format) => {
    expect(formatOfFileName(name)).toBe(format);
  });

  it('says that allocation profiles of V8 cannot be written', () => {
    expect(() => formatOfFileName('x.heapprofile')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

describe('writeProfile', () => {
  it('writes pprof: the first tree, with its time', () => {
    const file = readPprof(openBytes(bytesOf(writeProfile('pprof', profiles, meta))), {});
    expect(file.recordedAt).toBe(meta.recordedAt);
    expect(file.profiles[0]!.tree.frames.name).toEqual(['(root)', 'main']);
  });

  it('writes speedscope: all trees', () => {
    const file = readSpeedscope(openBytes(bytesOf(writeProfile('speedscope', profiles, meta))), {});
    expect(file.profiles.map(({ name }) => name)).toEqual(['main', 'worker 1']);
  });

  it('writes folded stacks and CPU profiles of the first tree', () => {
    expect(bytesOf(writeProfile('folded', profiles, meta)).toString()).toMatch(/^main.* \d+\n$/);
    expect(JSON.parse(bytesOf(writeProfile('cpuprofile', profiles, meta)).toString())).toMatchObject({
      nodes: expect.anything(),
    });
  });

  it('has nothing to write without a profile', () => {
    expect(() => writeProfile('pprof', [], meta)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});
