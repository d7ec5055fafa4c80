import { describe, expect, it } from 'vitest';
import { classifyLocation } from './location.ts';

const show = (url: string, roots?: string[]) => {
  const { party, package: name, file } = classifyLocation(url, roots === undefined ? {} : { roots });
  return [party, name, file];
};

describe('classifyLocation', () => {
  it.each([
    ['', ['none', '', '']],
    ['native array.js', ['none', '', '']],
    ['node:fs', ['core', '', 'node:fs']],
    ['node:internal/timers', ['core', '', 'node:internal/timers']],
    ['internal/timers.js', ['core', '', 'node:internal/timers']],
    ['/app/server.js', ['user', '', '/app/server.js']],
    ['file:///app/my%20shop/server.mjs?update=3', ['user', '', '/app/my shop/server.mjs']],
    ['file:///C:/shop/server.mjs', ['user', '', 'C:/shop/server.mjs']],
    [
      'C:\\shop\\node_modules\\left-pad\\index.js',
      ['dependency', 'left-pad', 'C:/shop/node_modules/left-pad/index.js'],
    ],
    ['/app/100%/a.js', ['user', '', '/app/100%/a.js']],
    ['file:///app/100%/a.js', ['user', '', '/app/100%/a.js']],
    [
      '/app/node_modules/express/lib/router/index.js',
      ['dependency', 'express', '/app/node_modules/express/lib/router/index.js'],
    ],
    [
      'file:///app/node_modules/@scope/name/dist/x.mjs',
      ['dependency', '@scope/name', '/app/node_modules/@scope/name/dist/x.mjs'],
    ],
    [
      '/app/node_modules/a/node_modules/b/i.js',
      ['dependency', 'b', '/app/node_modules/a/node_modules/b/i.js'],
    ],
    [
      '/app/node_modules/.pnpm/x@1.0.0_y@2/node_modules/x/i.js',
      ['dependency', 'x', '/app/node_modules/.pnpm/x@1.0.0_y@2/node_modules/x/i.js'],
    ],
    [
      '/app/node_modules/.pnpm/@a+b@1.0.0/node_modules/@a/b/i.js',
      ['dependency', '@a/b', '/app/node_modules/.pnpm/@a+b@1.0.0/node_modules/@a/b/i.js'],
    ],
    [
      '/app/.yarn/cache/lodash-npm-4.17.21-6382451519-10.zip/node_modules/lodash/lodash.js',
      [
        'dependency',
        'lodash',
        '/app/.yarn/cache/lodash-npm-4.17.21-6382451519-10.zip/node_modules/lodash/lodash.js',
      ],
    ],
    [
      '/app/.yarn/cache/@babel-core-npm-7.1.0-aa.zip/lib/i.js',
      ['dependency', '@babel/core', '/app/.yarn/cache/@babel-core-npm-7.1.0-aa.zip/lib/i.js'],
    ],
    ['/app/my_node_modules/x.js', ['user', '', '/app/my_node_modules/x.js']],
    ['webpack://shop/./src/a.ts', ['user', '', 'src/a.ts']],
    ['webpack:///./src/a.ts?1f3a', ['user', '', 'src/a.ts']],
    ['webpack://@my/shop/./src/a.ts', ['user', '', 'src/a.ts']],
    ['webpack://shop/./node_modules/@x/y/i.js', ['dependency', '@x/y', 'node_modules/@x/y/i.js']],
    ['webpack://shop/node_modules/ms/index.js', ['dependency', 'ms', 'node_modules/ms/index.js']],
    ['webpack://shop/webpack/bootstrap', ['dependency', 'webpack', 'webpack/bootstrap']],
    ['webpack-internal:///(rsc)/./src/app/page.tsx', ['user', '', 'src/app/page.tsx']],
    ['turbopack:///[project]/src/a.ts', ['user', '', 'src/a.ts']],
    ['\0commonjsHelpers.js', ['dependency', 'rollup', 'commonjsHelpers.js']],
    ['\0vite/modulepreload-polyfill', ['dependency', 'vite', 'vite/modulepreload-polyfill']],
    ['/@fs/app/src/a.ts?v=1', ['user', '', '/app/src/a.ts']],
    ['evalmachine.<anonymous>', ['user', '', 'evalmachine.<anonymous>']],
    ['wasm://wasm/0a1b2c', ['none', '', 'wasm://wasm/0a1b2c']],
    ['webpack/runtime/chunk loading', ['dependency', 'webpack', 'webpack/runtime/chunk loading']],
  ])('%s', (url, expected) => {
    expect(show(url)).toEqual(expected);
  });

  it('counts a service installed with npm as the user’s own when its folder is a root', () => {
    const url = '/usr/lib/node_modules/shop/server.js';
    expect(show(url)).toEqual(['dependency', 'shop', url]);
    expect(show(url, ['/usr/lib/node_modules/shop'])).toEqual(['user', '', url]);
    expect(show('/usr/lib/node_modules/shop/node_modules/ms/i.js', ['/usr/lib/node_modules/shop'])[1]).toBe(
      'ms',
    );
    expect(show('/usr/lib/node_modules/shop2/i.js', ['/usr/lib/node_modules/shop'])[1]).toBe('shop2');
    expect(show('/node_modules/ms/i.js', ['/'])[1]).toBe('ms');
  });
});
