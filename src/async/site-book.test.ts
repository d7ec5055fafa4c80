import { describe, expect, it } from 'vitest';
import { drawLog } from './async-log.fixture.ts';
import { buildSiteBook } from './site-book.ts';

/** Site of one stack drawn as in async-log.fixture.ts. */
function siteOf(stack: string): string {
  const book = buildSiteBook(drawLog(`peer -3 - 0-1 <1 @${stack}`));
  const site = book.sites[book.siteOf[0]!];
  return site === undefined ? '' : `${site.function}:${site.line}`;
}

describe('buildSiteBook', () => {
  it('takes the innermost frame of the user', () => {
    expect(siteOf('Socket.write/node:net:1<send/node_modules/pg/c.js:9<query/db.js:41<load/app.js:7')).toBe(
      'query:41',
    );
    expect(siteOf('send/node_modules/pg/c.js:9')).toBe('');
  });

  it('names an executor or arrow function after the function around it, and keeps its line', () => {
    expect(siteOf('/db.js:43<Promise<query/db.js:42<load/app.js:7')).toBe('query:43');
    // V8 calls an executor after the variable that the promise goes to.
    expect(siteOf('answer/db.js:43<Promise<query/db.js:42')).toBe('query:43');
    expect(siteOf('/db.js:43<query/db.js:42')).toBe('query:43');
    // Not when somebody else calls it.
    expect(siteOf('/db.js:43<emit/node:events:5<load/app.js:7')).toBe(':43');
    expect(siteOf('pause/app.js:9<Promise<pause/app.js:9<answer/app.js:20')).toBe('pause:9');
  });

  it('knows which call of node:fs it was', () => {
    const book = buildSiteBook(
      drawLog('FSREQPROMISE 5 - 0-1 <1 @open/node:internal/fs/promises:3<readFile/node:fs:9<load/app.js:7'),
    );
    expect(book.fileCallOf(0)).toBe('readFile');
  });
});
