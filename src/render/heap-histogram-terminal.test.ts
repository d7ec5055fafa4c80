import { expect, test } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import { type ClassCount, type ClassHistogram, compareHistograms } from '../heap/class-histogram.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { HeapHistogramDocument } from './heap-histogram-json.ts';
import { renderHeapHistogram } from './heap-histogram-terminal.ts';

const row = (name: string, kind: ClassCount['kind'], count: number, place = ''): ClassCount => ({
  name,
  kind,
  place,
  count,
  bytes: count * 48,
  entries: kind === 'collection' ? count * 2 : 0,
});
const histogram = (seconds: number, sessions: number): ClassHistogram => ({
  takenAt: new Date(seconds * 1000).toISOString(),
  thread: 'main',
  rows: [
    row('Session', 'class', sessions, 'file:///srv/api/app/routes/session.js:22:15'),
    row('Map', 'collection', sessions),
    row('evil\u001b[31m\nname', 'class', 7),
    ...Array.from({ length: 30 }, (_, i) =>
      row(`{a${i}, b, c, d, e, f, g, h, i, j, k, l, m, n}`, 'shape', 5),
    ),
  ],
  others: { rows: 12, count: 12, bytes: 500 },
  objectCount: 54_321,
  heap: { used: 63e6, total: 70e6, limit: 2e9, external: 0, arrayBuffers: 0 },
  pauseMs: 410,
  notes: ['Not counted: strings.'],
});
const manifest = {
  target: { pid: 4711, name: 'api-gateway', node: '22.23.3', cwd: '/srv/api' },
  actions: [{ what: 'objects counted by class', at: '', pauseMs: 410 }],
  inspectorOpenMs: 96,
  left: { verified: true, leftBehind: [] },
} as unknown as RecordingManifest;
const document = (more: Partial<HeapHistogramDocument> = {}): HeapHistogramDocument => ({
  threads: [
    {
      thread: 'main',
      count: histogram(60, 4000),
      before: histogram(0, 1000),
      growth: compareHistograms(histogram(0, 1000), histogram(60, 4000)),
    },
  ],
  manifest,
  top: 5,
  filter: '',
  recording: '/tmp/r',
  notes: ['Not counted: strings.'],
  next: ['holter heap snapshot 4711'],
  ...more,
});
const plain = { color: false, unicode: true };

test('what grows comes first, with its line; cut lists say so', () => {
  const text = renderHeapHistogram(document(), { ...plain, columns: 80 });
  expect(text).toContain('Session grows by 3 000 a minute: 4 000 now, 3 000 more than 60 s before');
  expect(text).toContain('app/routes/session.js:22');
  expect(text.indexOf('what grows')).toBeLessThan(text.indexOf('what is there'));
  expect(text).toMatch(/5 of 45, --top/);
  expect(text).toContain('6 000 entries more a minute');
  expect(text).toContain('paused 410 ms, inspector open 96 ms on 127.0.0.1, nothing left behind');
});

test.each([32, 40, 59, 60, 80, 200])(
  '%i columns: no line is wider, no escape of the target gets through',
  (columns) => {
    const text = renderHeapHistogram(document({ top: 40 }), { ...plain, columns });
    for (const line of text.split('\n'))
      if (!/^(next|recording)/.test(line))
        expect(textWidth(line)).toBeLessThanOrEqual(Math.min(120, columns));
    expect(text).not.toContain('\u001b');
    expect(renderHeapHistogram(document(), { color: false, unicode: false, columns })).toMatch(/^[\n -~]*$/);
  },
);

test('nothing grew, nothing matches', () => {
  const same = histogram(60, 1000);
  const quiet = document({
    threads: [{ thread: 'main', count: same, growth: compareHistograms(histogram(0, 1000), same) }],
  });
  expect(renderHeapHistogram(quiet, { ...plain, columns: 80 })).toContain('No class has grown in 60 s.');
  const empty = document({ threads: [{ thread: 'main', count: { ...same, rows: [] } }], filter: 'Nobody' });
  expect(renderHeapHistogram(empty, { ...plain, columns: 80 })).toContain('Nothing matches Nobody.');
});
