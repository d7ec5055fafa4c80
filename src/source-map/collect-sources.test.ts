import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectSources, openSources } from './collect-sources.ts';

const BUNDLE = join(import.meta.dirname, '../../test/fixtures/cpuprofile/bundle');
const fixture = (name: string) => readFileSync(join(BUNDLE, name), 'utf8');

/** A disk drawn in a test; counts what is read. */
function disk(files: Record<string, string>) {
  const read: string[] = [];
  return {
    read,
    readFile: async (path: string) => {
      read.push(path);
      return files[path] === undefined ? undefined : Buffer.from(files[path]);
    },
  };
}

describe('collectSources', () => {
  it('keeps plain scripts as text', async () => {
    const { readFile } = disk({ '/app/server.js': 'one\ntwo\n' });
    const file = await collectSources([{ url: 'file:///app/server.js', weight: 0.5 }], readFile);
    const { book, maps } = openSources(JSON.parse(JSON.stringify(file)));
    expect(book.lines('/app/server.js')).toEqual(['one', 'two', '']);
    expect(book.lines('/app/other.js')).toBeUndefined();
    expect(maps.has('/app/server.js')).toBe(false);
  });

  it('takes maps apart: mappings with the script, texts by path', async () => {
    const { readFile } = disk({
      '/app/dist/shop.js': fixture('shop.js'),
      '/app/dist/shop.js.map': fixture('shop.js.map'),
    });
    const file = await collectSources(new Map([['/app/dist/shop.js', 1]]), readFile);
    expect(Object.keys(file.originals).sort()).toEqual([
      '/app/src/auth/hash.ts',
      '/app/src/catalogue.ts',
      '/app/src/server.ts',
    ]);
    expect(file.scripts[0]?.text).toBeUndefined();
    expect(file.scripts[0]?.map).not.toContain('sourcesContent');
    const { book, maps } = openSources(JSON.parse(JSON.stringify(file)));
    const column = fixture('shop.js').indexOf('function e') + 'function e'.length + 1;
    expect(maps.original('file:///app/dist/shop.js', 1, column)).toMatchObject({
      file: '/app/src/auth/hash.ts',
      line: 4,
    });
    expect(maps.functionName('/app/dist/shop.js', 1, column, 'e')).toBe('hashPassword');
    expect(book.lines('/app/src/auth/hash.ts')?.[3]).toContain('hashPassword');
  });

  it('reads originals that the map does not hold, none of dependencies', async () => {
    const map = JSON.stringify({
      version: 3,
      sources: ['../src/a.ts', '../node_modules/ms/index.js', '../src/gone.ts'],
      names: [],
      mappings: 'AAAA',
    });
    const { readFile, read } = disk({
      '/app/dist/a.js': 'x\n//# sourceMappingURL=maps/a.js.map\n',
      '/app/dist/maps/a.js.map': map,
      '/app/dist/src/a.ts': 'original',
    });
    const file = await collectSources([{ url: '/app/dist/a.js', weight: 1 }], readFile);
    expect(file.originals).toEqual({ '/app/dist/src/a.ts': 'original' });
    expect(read).not.toContain('/app/dist/node_modules/ms/index.js');
  });

  it('takes what matters: the user’s scripts of weight, and those asked for', async () => {
    const paths = [
      '/app/hot.js',
      '/app/cold.js',
      '/app/wanted.js',
      '/app/node_modules/a/i.js',
      '/app/node_modules/b/i.js',
    ];
    const { readFile } = disk(Object.fromEntries(paths.map((path) => [path, path])));
    const file = await collectSources(
      [
        { url: '/app/cold.js', weight: 0.001 },
        { url: '/app/hot.js', weight: 0.002 },
        { url: '/app/hot.js', weight: 0.002 },
        { url: '/app/wanted.js', weight: 0, always: true },
        { url: '/app/node_modules/a/i.js', weight: 0.5 },
        { url: '/app/node_modules/b/i.js', weight: 0.1, always: true },
        { url: 'node:fs', weight: 0.2 },
        { url: 'evalmachine.<anonymous>', weight: 0.2 },
        { url: '', weight: 0.2 },
      ],
      readFile,
    );
    expect(file.scripts.map(({ url }) => url)).toEqual([
      '/app/node_modules/b/i.js',
      '/app/wanted.js',
      '/app/hot.js',
    ]);
  });

  it('stays within its limits', async () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ url: `/app/${i}.js`, weight: i / 50 }));
    const texts: Record<string, string> = Object.fromEntries(many.map(({ url }) => [url, 'x']));
    texts['/app/49.js'] = 'x'.repeat(9 * 2 ** 20);
    const file = await collectSources(many, disk(texts).readFile);
    expect(file.scripts.length).toBe(29);
    expect(file.scripts[0]?.url).toBe('/app/48.js');
  });

  it('falls back to the text where the map is broken or gone', async () => {
    const { readFile } = disk({
      '/app/a.js': 'a\n//# sourceMappingURL=a.js.map\n',
      '/app/a.js.map': '{"version":3,',
      '/app/b.js': 'b\n//# sourceMappingURL=b.js.map\n',
      '/app/c.js': 'c\n//# sourceMappingURL=https://maps.example/c.js.map\n',
    });
    const file = await collectSources(
      new Map([
        ['/app/a.js', 1],
        ['/app/b.js', 1],
        ['/app/c.js', 1],
      ]),
      readFile,
    );
    expect(file.scripts.map(({ text }) => text?.[0])).toEqual(['a', 'b', 'c']);
  });
});
