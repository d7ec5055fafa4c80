import type { CallTree } from './call-tree.ts';
import { profileFromText } from './text-profile.fixture.ts';

/**
 * Two versions of a shop's price list, one sample a millisecond: `parse` got cheaper, `log` is new, lines moved, the GC
 * does less. Samples of the two functions alternate, so that they vary as independent ones do.
 */
export const BEFORE: CallTree = profileFromText(
  repeat(`
  list@/srv/app/list.js:10      list@/srv/app/list.js:10    list@/srv/app/list.js:10            (garbage collector) x1  (idle) x2
  parse@/srv/app/list.js:40 x6  format@/srv/app/list.js:60  (anonymous)@/srv/app/list.js:90 x1
                                replace x3
`),
);

export const AFTER: CallTree = profileFromText(
  repeat(`
  list@/srv/app/list.js:14      list@/srv/app/list.js:14    list@/srv/app/list.js:14             list@/srv/app/list.js:14  (idle) x4
  parse@/srv/app/list.js:44 x3  format@/srv/app/list.js:70  (anonymous)@/srv/app/list.js:101 x1  log@/srv/app/log.js:3 x2
                                replace x3
`),
);

/** The drawn second, a hundred times. */
function repeat(text: string): string {
  const rows = text.split('\n').filter((row) => row.trim() !== '');
  const width = Math.max(...rows.map((row) => row.length)) + 2;
  return rows.map((row) => row.padEnd(width).repeat(100)).join('\n');
}
