import { describe, expect, it } from 'vitest';
import { CATEGORIES, PARTIES } from './call-tree.ts';
import { profileFromText } from './text-profile.fixture.ts';

describe('profileFromText', () => {
  it('draws columns as samples and rows as depth', () => {
    const tree = profileFromText(`
      main@/app/server.js:3      main@/app/server.js:3                  (idle) x20   (garbage collector)
      hash@/app/auth.js:41 x30   log@/app/node_modules/@a/log/i.js:9:5
      pbkdf2Sync@node:internal/crypto/pbkdf2:62
    `);
    const rows = Array.from({ length: tree.length }, (_, node) => {
      const frame = tree.frame[node]!;
      return [
        tree.parent[node],
        tree.frames.name[frame],
        tree.frames.file[frame],
        tree.frames.line[frame],
        CATEGORIES[tree.frames.category[frame]!],
        PARTIES[tree.frames.party[frame]!],
        tree.self[node],
        tree.total[node],
      ].join(' ');
    });
    expect(rows).toEqual([
      '-1 (root)  0 program none 0 52000',
      '0 main /app/server.js 3 js user 0 31000',
      '1 hash /app/auth.js 41 js user 0 30000',
      '2 pbkdf2Sync node:internal/crypto/pbkdf2 62 js core 30000 30000',
      '1 log /app/node_modules/@a/log/i.js 9 js dependency 1000 1000',
      '0 (idle)  0 idle none 20000 20000',
      '0 (garbage collector)  0 gc none 1000 1000',
    ]);
    expect(tree.frames.package[4]).toBe('@a/log');
    expect(tree.samples.time.length).toBe(52);
    expect(tree.samples.time[51]).toBe(51);
    expect([tree.from, tree.to]).toEqual([0, 52]);
  });

  it('keeps the drawn line of the innermost cell only', () => {
    const tree = profileFromText(`
      work@/app/a.js:1 #7 x3   work@/app/a.js:1 #8
    `);
    expect([...tree.lines.line]).toEqual([7, 8]);
    expect([...tree.lines.weight]).toEqual([3000, 1000]);
  });

  it('takes a first row of counts', () => {
    const tree = profileFromText(
      `
      x2              x3
      a@/app/a.js:1   b@/app/b.js:1
    `,
      { msPerSample: 10 },
    );
    expect([...tree.self]).toEqual([0, 20_000, 30_000]);
  });

  it('draws allocation trees', () => {
    const tree = profileFromText('a@/app/a.js:1 x2', { unit: 'bytes', bytesPerSample: 100 });
    expect(tree.unit).toBe('bytes');
    expect(tree.total[0]).toBe(200);
    expect(tree.samples.time.length).toBe(0);
  });

  it('refuses drawings it cannot read', () => {
    expect(() => profileFromText('a@/a.js:1   b@/b.js:1\nlong@/l.js:10 b@/b.js:1')).toThrow(/next column/);
    expect(() => profileFromText('a@/app/a.js:1\n   b@/app/b.js:1')).toThrow(/starts at 3/);
    expect(() => profileFromText('a@/app/a.js')).toThrow(/not name@file:line/);
  });
});
