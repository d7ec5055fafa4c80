import { describe, expect, it } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import type { HeapDifference } from '../heap/heap-difference.ts';
import { renderHeapDiffJson } from './heap-diff-json.ts';
import { renderHeapDiffMarkdown } from './heap-diff-markdown.ts';
import { type HeapDiffOptions, renderHeapDiff } from './heap-diff-terminal.ts';
import { heapDiffHeadline } from './heap-diff-text.ts';

const change = {
  place: '',
  countBefore: 0,
  countAfter: 0,
  added: 0,
  removed: 0,
  addedBytes: 0,
  removedBytes: 0,
  retainedDelta: 0,
  holders: [],
};
const difference: HeapDifference = {
  mode: 'ids',
  modeReason: '1000 of 1000 objects with the same id have the same type and name',
  beforeName: 'recordings/orders-1.heapsnapshot',
  afterName: 'recordings/orders-2.heapsnapshot',
  totalBefore: 61e6,
  totalAfter: 74e6,
  added: { count: 98_000, bytes: 13e6 },
  removed: { count: 12, bytes: 900 },
  classes: [
    {
      ...change,
      name: 'Session',
      place: '/srv/app/session.js:4',
      countBefore: 3000,
      countAfter: 17_000,
      added: 14_000,
      retainedDelta: 3_100_000,
      holders: [
        {
          node: 7,
          text: 'app.sessions',
          kind: 'Map',
          held: 14_000,
          place: { function: '', file: '/srv/app/session.js', line: 9, column: 1, package: '' },
          path: [],
        },
      ],
    },
    {
      ...change,
      name: '(string)',
      countBefore: 10,
      countAfter: 40_010,
      added: 40_000,
      retainedDelta: 12_000,
    },
    { ...change, name: 'Evil\u001b[2J|`<script>', countBefore: 5, countAfter: 0, removed: 5 },
    { ...change, name: '(compiled code)', countBefore: 5, countAfter: 9, added: 4, retainedDelta: 4000 },
  ],
  containers: [
    {
      node: 7,
      id: 15,
      className: 'Map',
      path: 'global.app.sessions',
      entriesBefore: 3000,
      entriesAfter: 17_000,
      retainedBefore: 1e6,
      retainedAfter: 4e6,
      newBytes: 3e6,
    },
  ],
  notes: ['orders-1.heapsnapshot: it is cut'],
};
const options: HeapDiffOptions = {
  cwd: '/srv',
  top: 10,
  classes: difference.classes,
  filtered: false,
  breaches: [],
};

describe('a comparison of heaps for people', () => {
  it('answers in the first line', () => {
    expect(heapDiffHeadline(difference, '/srv')).toBe(
      'Session +14 000, held by app.sessions (Map) app/session.js:9, +3.1 MB; heap 61 → 74 MB',
    );
    expect(heapDiffHeadline({ ...difference, classes: [] })).toBe(
      'nothing stands out; heap 61 → 74 MB (+13 MB)',
    );
  });

  it.each([80, 40, 120, 20])('fits %i columns, and lets no control character through', (columns) => {
    const text = renderHeapDiff(difference, options, { columns, color: false, unicode: true });
    expect(text).toContain('Session');
    expect(text).toContain('3.1 MB');
    expect(text).not.toContain('\u001b');
    if (columns >= 40)
      for (const line of text.split('\n')) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
  });

  it('puts what V8 makes for itself into one line, and says what is cut', () => {
    const text = renderHeapDiff(
      difference,
      { ...options, top: 2 },
      { columns: 80, color: false, unicode: true },
    );
    expect(text).toContain("V8's and Node's own (code, shapes, …), 1 classes: +4 kB");
    expect(text).toContain('2 of 3 classes that changed; all: --top 3');
    expect(text).not.toContain('(compiled code)');
  });

  it('writes Markdown that names cannot break', () => {
    const text = renderHeapDiffMarkdown(difference, options);
    expect(text).toMatch(/^# Session \+14 000/);
    for (const line of text.split('\n').filter((each) => each.includes('Evil')))
      expect(line.replaceAll('\\|', '').split('|')).toHaveLength(9);
  });

  it('writes one JSON document, the schema first', () => {
    const json = JSON.parse(
      renderHeapDiffJson(difference, { ...options, top: 1, limits: ['+5%'], idOf: (node) => 2 * node + 1 }),
    );
    expect(Object.keys(json)[0]).toBe('schema');
    expect(json).toMatchObject({
      schema: 'holter.heap-diff/1',
      classCount: 4,
      limits: [{ text: '+5%', exceededBy: null }],
      classes: [{ name: 'Session', holders: [{ id: 15, place: '/srv/app/session.js:9' }] }],
    });
  });
});
