import { expect, it } from 'vitest';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import { quoteSources } from './quote-sources.ts';

it('quotes the files of the user by what is charged to them, those that fit', () => {
  const tree = profileFromText(`
    serve@/app/serve.js:1    serve@/app/serve.js:1       serve@/app/serve.js:1       serve@/app/serve.js:1            serve@/app/serve.js:1
    hash@/app/auth.js:1      list@/app/list.js:1 x30     huge@/app/bundle.js:1 x5    lib@/app/node_modules/x/i.js:1   sort@/app/sort.js:1
    sha512 x60                                                                       inner x9
  `);
  const asked: string[] = [];
  const texts: Record<string, number> = { auth: 300_000, bundle: 400_001, list: 399_000, serve: 400_000 };
  const lines = (file: string) => {
    asked.push(file);
    const length = texts[/(\w+)\.js$/.exec(file)![1]!];
    return length === undefined ? undefined : ['x'.repeat(length - 2), '.'];
  };
  expect(Object.keys(quoteSources([tree], { lines }, '/app'))).toEqual(['auth.js', 'list.js', 'serve.js']);
  // The dependency's time is that of the file that called it.
  expect(asked).toEqual(['/app/auth.js', '/app/list.js', '/app/serve.js', '/app/bundle.js', '/app/sort.js']);
  const fourth = { ...tree, self: tree.self.slice() };
  const many = quoteSources([fourth], { lines: () => ['x'.repeat(390_000)] }, '/app');
  expect(Object.keys(many)).toHaveLength(3);
});
