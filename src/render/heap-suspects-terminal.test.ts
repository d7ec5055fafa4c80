import { describe, expect, it } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import type { Suspect } from '../heap/suspect.ts';
import { renderHeapSuspectsJson } from './heap-suspects-json.ts';
import { renderHeapSuspectsMarkdown } from './heap-suspects-markdown.ts';
import { type HeapSuspectsView, renderHeapSuspects } from './heap-suspects-terminal.ts';

const place = { function: 'open', file: '/srv/app/session.js', line: 9, column: 3, package: '' };
const suspect: Suspect = {
  detector: 'accumulation',
  title: 'Session × 71 204 in global.app.sessions',
  what: 'Session',
  count: 71_204,
  bytes: 418e6,
  bytesAre: 'retained',
  share: 0.68,
  holders: [
    {
      node: 5,
      text: 'global.app.sessions',
      kind: 'Map',
      held: 71_204,
      place,
      path: [
        { edge: -1, node: 1, edgeText: 'global', className: 'global' },
        { edge: 2, node: 3, edgeText: 'app', className: 'Object' },
        { edge: 4, node: 5, edgeText: 'sessions', className: 'Map' },
      ],
    },
  ],
  place,
  growth: { count: 13_900, bytes: 81e6, perMinute: 1390 },
  evidence: ['each keeps 5.9 kB'],
  advice: 'remove entries when they are done with',
  nodes: [5],
};
const view: HeapSuspectsView = {
  file: 'orders-2.heapsnapshot',
  before: 'orders-1.heapsnapshot',
  totalBytes: 612e6,
  nodeCount: 5_204_118,
  report: { suspects: [suspect], explained: 0.68, quiet: ['timers'] },
  top: 10,
  cwd: '/srv',
  next: 'holter heap show orders-2.heapsnapshot @11',
  largest: '',
};
const plain = { color: false, unicode: true };

describe('renderHeapSuspects', () => {
  it('says what, who, where and how fast in 80 columns', () => {
    expect(renderHeapSuspects(view, { ...plain, columns: 80 })).toMatchInlineSnapshot(`
      "holter heap suspects  orders-2.heapsnapshot   612 MB heap, 5 204 118 objects

      1  Session × 71 204                           418 MB retained   68 % of the heap
         held by   global.app.sessions (Map)   app/session.js:9
         path      global > app > sessions > Map > Session
         growth    +1 390 a minute (+13 900, +81 MB) since orders-1.heapsnapshot
                   each keeps 5.9 kB
         advice    remove entries when they are done with

      1 of 1 suspect, 68 % explained
      next  holter heap show orders-2.heapsnapshot @11
      nothing found of: timers
      "
    `);
  });

  it('has a short form below 60 columns', () => {
    expect(renderHeapSuspects(view, { ...plain, columns: 40 })).toMatchInlineSnapshot(`
      "orders-2.heapsnapshot  612 MB
      1  Session × 71 204         418 MB  68 %
         global.app.sessions app/session.js:9
         +1 390 a minute
      next  holter heap show orders-2.heapsnapshot @11
      "
    `);
  });

  it('keeps to the width and cleans what the program wrote, at any width', () => {
    const evil = 'x\u001b[31m\n'.repeat(40);
    const holder = { ...suspect.holders[0]!, text: evil, kind: evil };
    const report = {
      ...view.report,
      suspects: [{ ...suspect, what: evil, evidence: [evil], holders: [holder, holder] }],
    };
    for (const columns of [20, 40, 59, 60, 80, 200]) {
      const text = renderHeapSuspects({ ...view, report, file: evil, next: 'n' }, { ...plain, columns });
      expect(text).not.toContain('\u001b');
      for (const line of text.split('\n'))
        expect(textWidth(line)).toBeLessThanOrEqual(Math.min(columns, 120));
    }
  });

  it('says that nothing stands out, and what was cut', () => {
    const nothing = { ...view, report: { suspects: [], explained: 0, quiet: [] }, largest: 'User × 3, 2 kB' };
    expect(renderHeapSuspects(nothing, { ...plain, columns: 80 })).toContain(
      "Nothing stands out; the largest of the program's own is User × 3, 2 kB.",
    );
    const two = { ...view, top: 1, report: { ...view.report, suspects: [suspect, suspect] } };
    expect(renderHeapSuspects(two, { ...plain, columns: 80 })).toContain(
      '1 of 2 suspects, 68 % explained (--top shows more)',
    );
    expect(JSON.parse(renderHeapSuspectsJson(two, (node) => 2 * node + 1)).notShown).toBe(1);
    expect(renderHeapSuspectsMarkdown(two)).toContain('1 of 2 suspects; --top shows more.');
  });

  it('is one JSON document with places relative to the working directory', () => {
    const json = JSON.parse(renderHeapSuspectsJson(view, (node) => 2 * node + 1));
    expect(Object.keys(json)[0]).toBe('schema');
    expect(json.suspects[0]).toMatchObject({ place: 'app/session.js:9', ids: [11], share: 0.68 });
    expect(json.suspects[0].holders[0]).toMatchObject({
      id: 11,
      path: 'global > app > sessions > Map > Session',
    });
  });
});
