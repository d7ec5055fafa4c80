import { describe, expect, it } from 'vitest';
import { originalPath } from './original-path.ts';

describe('originalPath', () => {
  it.each([
    ['../src/a.ts', '/app/dist/a.js.map', undefined, undefined, '/app/src/a.ts'],
    ['a.ts', '/app/dist/maps/a.js.map', '../../src', undefined, '/app/src/a.ts'],
    ['a.ts', '/app/dist/a.js.map', '/srv/src/', undefined, '/srv/src/a.ts'],
    ['file:///srv/my%20src/a.ts', '/app/dist/a.js.map', undefined, undefined, '/srv/my src/a.ts'],
    ['/srv/a.ts', '/app/dist/a.js.map', 'ignored', undefined, '/srv/a.ts'],
    ['webpack://shop/./src/a.ts', '/app/dist/main.js.map', undefined, undefined, '/app/src/a.ts'],
    ['webpack://shop/./src/a.ts', '/app/server/bin/main.js', undefined, ['/app'], '/app/src/a.ts'],
    [
      'webpack://shop/./node_modules/ms/i.js',
      '/app/.next/server/x.js.map',
      undefined,
      undefined,
      '/app/node_modules/ms/i.js',
    ],
    ['../../../../../a.ts', '/app/dist/a.js.map', undefined, undefined, '/a.ts'],
    ['../src/a.ts', 'C:/shop/dist/a.js.map', undefined, undefined, 'C:/shop/src/a.ts'],
    ['\0helpers', '/app/dist/a.js.map', undefined, undefined, '\0helpers'],
  ])('%s beside %s', (source, mapPath, sourceRoot, roots, expected) => {
    expect(originalPath(source, { mapPath, sourceRoot, roots })).toBe(expected);
  });
});
