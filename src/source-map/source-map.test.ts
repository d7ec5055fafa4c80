import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSourceBook } from './source-book.ts';
import { SourceMaps } from './source-map.ts';
import { findSourceMapUrl, readDataUrl } from './source-map-url.ts';

const BUNDLE = join(import.meta.dirname, '../../test/fixtures/cpuprofile/bundle');
const MAP = readFileSync(join(BUNDLE, 'shop.js.map'), 'utf8');
const TEXT = readFileSync(join(BUNDLE, 'shop.js'), 'utf8');
const inline = (json: string) =>
  `data:application/json;charset=utf-8;base64,${Buffer.from(json).toString('base64')}`;

/** 1-based column right behind the first `text` of line 1 of the bundle. */
const columnAfter = (text: string) => TEXT.indexOf(text) + text.length + 1;

describe('SourceMaps', () => {
  it('finds functions of a minified bundle by file: URL or path', () => {
    const maps = new SourceMaps([{ url: 'file:///app/dist/shop.js', map: MAP }]);
    const column = columnAfter('function e');
    expect(maps.original('/app/dist/shop.js', 1, column)).toMatchObject({
      file: '/app/src/auth/hash.ts',
      line: 4,
    });
    expect(maps.functionName('/app/dist/shop.js', 1, column, 'e')).toBe('hashPassword');
    expect(maps.functionName('/app/dist/shop.js', 1, columnAfter('i='), 'i')).toBe('run');
    // Inside handleRequest, where it calls hashPassword: the map's name there is the callee's.
    const inside = TEXT.indexOf('e(n.user') + 1;
    expect(maps.original('/app/dist/shop.js', 1, inside)?.name).toBe('hashPassword');
    expect(maps.enclosingFunctionName('/app/dist/shop.js', 1, inside, 'n')).toBe('handleRequest');
    expect(maps.enclosingFunctionName('/app/dist/shop.js', 1, inside, 'realName')).toBe('realName');
    expect(maps.lines('/app/src/auth/hash.ts')?.[3]).toContain('export function hashPassword');
  });

  it('says nothing about scripts without a map or places outside it', () => {
    const maps = new SourceMaps([
      { url: '/app/dist/shop.js', map: MAP },
      { url: '/app/plain.js', text: 'x' },
    ]);
    expect(maps.original('/app/other.js', 1, 1)).toBeUndefined();
    expect(maps.original('/app/plain.js', 1, 1)).toBeUndefined();
    expect(maps.original('/app/dist/shop.js', 99, 1)).toBeUndefined();
    expect(maps.original('/app/dist/shop.js', 0, 0)).toBeUndefined();
    expect(maps.functionName('/app/other.js', 1, 1, 't')).toBe('t');
    expect(maps.notes).toEqual([]);
  });

  it('reads maps inlined as base64 and as percent-encoded text', () => {
    const encoded = `data:application/json,${encodeURIComponent(MAP)}`;
    for (const url of [inline(MAP), encoded]) {
      const maps = new SourceMaps([
        { url: '/app/dist/shop.js', text: TEXT.replace(/(sourceMappingURL=).*/, `$1${url}`) },
      ]);
      expect(maps.original('/app/dist/shop.js', 1, columnAfter('function e'))?.line).toBe(4);
    }
  });

  it('reads indexed maps', () => {
    const flat = JSON.parse(MAP);
    const indexed = JSON.stringify({
      version: 3,
      sections: [{ offset: { line: 10, column: 0 }, map: flat }],
    });
    const maps = new SourceMaps([{ url: '/app/dist/all.js', map: indexed }]);
    expect(maps.original('/app/dist/all.js', 11, columnAfter('function e'))).toMatchObject({
      file: '/app/src/auth/hash.ts',
      line: 4,
    });
  });

  it('leaves broken maps out with a note', () => {
    const broken = [
      '{',
      'null',
      '[]',
      '{"version":3}',
      '{"version":3,"sources":["a"],"names":[],"mappings":"%%%%"}',
      '{"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"x"}]}',
    ];
    for (const map of broken) {
      const maps = new SourceMaps([{ url: '/app/a.js', map }]);
      expect(() => maps.original('/app/a.js', 1, 1)).not.toThrow();
      expect(maps.original('/app/a.js', 1, 1)?.line ?? 0).toBeLessThanOrEqual(1);
      expect(() => maps.originalLine('/app/a.js', 1)).not.toThrow();
    }
    const maps = new SourceMaps([{ url: '/app/a.js', map: '{' }]);
    maps.original('/app/a.js', 1, 1);
    maps.original('/app/a.js', 2, 1);
    expect(maps.notes).toHaveLength(1);
    expect(maps.notes[0]).toMatch(/^source map of \/app\/a\.js is not usable/);
  });

  it('gives a line only where a generated line is one', () => {
    // Line 1 ← a.ts:3; line 2 ← a.ts:1 and a.ts:40 (minified); line 3 ← a.ts:5 and b.ts:5.
    const map = JSON.stringify({
      version: 3,
      sources: ['a.ts', 'b.ts'],
      names: [],
      mappings: 'AAEA;AAFA,CAuCA;AAnCA,CCAA',
    });
    const maps = new SourceMaps([{ url: '/app/a.js', map }]);
    expect(maps.originalLine('/app/a.js', 1)).toEqual({ file: '/app/a.ts', line: 3 });
    expect(maps.originalLine('/app/a.js', 2)).toBeUndefined();
    expect(maps.originalLine('/app/a.js', 3)).toBeUndefined();
    expect(maps.originalLine('/app/a.js', 4)).toBeUndefined();
  });

  it('undoes a bundler’s numbering, and leaves good names alone', () => {
    const book = makeSourceBook(new Map([['/app/a.ts', 'export function handler(request) {}\n']]));
    const map = JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA' });
    const maps = new SourceMaps([{ url: '/app/a.js', map }], { book });
    expect(maps.functionName('/app/a.js', 1, 1, 'handler2')).toBe('handler');
    expect(maps.functionName('/app/a.js', 1, 1, 'wrapped')).toBe('wrapped');
    expect(maps.functionName('/app/a.js', 1, 1, '')).toBe('handler');
  });
});

describe('findSourceMapUrl', () => {
  it.each([
    ['x\n//# sourceMappingURL=a.js.map', 'a.js.map'],
    ['x\n//@ sourceMappingURL=a.js.map\n', 'a.js.map'],
    ['x\n/*# sourceMappingURL=a.css.map */\n', 'a.css.map'],
    ['//# sourceMappingURL=old.map\nx\n//# sourceMappingURL=new.map\n', 'new.map'],
    ['//# sourceMappingURL=a.map\nconst s = "sourceMappingURL=" + x;', 'a.map'],
    ['const s = "sourceMappingURL=" + x;', undefined],
    ['', undefined],
  ])('%j', (text, url) => {
    expect(findSourceMapUrl(text)).toBe(url);
  });

  it('reads data URLs', () => {
    expect(readDataUrl('data:application/json;base64,e30=')).toBe('{}');
    expect(readDataUrl('data:application/json,%7B%7D')).toBe('{}');
    expect(readDataUrl('data:application/json,%')).toBe('%');
    expect(readDataUrl('a.js.map')).toBeUndefined();
  });
});
