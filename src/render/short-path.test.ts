import { describe, expect, it } from 'vitest';
import { shortPath } from './short-path.ts';

describe('shortPath', () => {
  it.each([
    ['/srv/app/lib/a.js', 'lib/a.js'],
    ['file:///srv/app/lib/a.js', 'lib/a.js'],
    ['/srv/app/node_modules/a/node_modules/@s/b/x.js', '@s/b/x.js'],
    ['/srv/application/a.js', '/srv/application/a.js'],
    ['node:events', 'node:events'],
    ['lib/a.js', 'lib/a.js'],
    ['node_modules/express/lib/a.js', 'express/lib/a.js'],
    ['file:///srv/app/a%20b.js', 'a b.js'],
    ['file:///srv/app/100%.js', '100%.js'],
    ['', ''],
  ])('%s → %s', (file, short) => {
    expect(shortPath(file, '/srv/app')).toBe(short);
    expect(shortPath(file, '/srv/app/')).toBe(short);
  });
});
