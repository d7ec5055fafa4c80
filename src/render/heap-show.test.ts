import { describe, expect, test } from 'vitest';
import { type Style, textWidth } from '../base/terminal-text.ts';
import { describeClass, findClasses } from '../heap/describe-class.ts';
import { describeObject } from '../heap/describe-object.ts';
import { drawAnalysed } from '../heap/drawn-heap.fixture.ts';
import { summariseHeap } from '../heap/summarise-heap.ts';
import { renderHeapClass } from './heap-show-class.ts';
import { renderHeapSummaryJson } from './heap-show-json.ts';
import { renderHeapSummaryMarkdown } from './heap-show-markdown.ts';
import { renderHeapObject } from './heap-show-object.ts';
import { renderHeapSummary } from './heap-show-terminal.ts';

const HOSTILE = 'Evil\u001b[31m\u202e<script>|`x`\n'.repeat(10);

/** global.store → Map of 60 objects of a class, its name given. */
function drawStore(className: string, property = 'store') {
  return drawAnalysed([
    { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
    { name: 'global', size: 8, edges: [[2, property]] },
    { name: 'Map', size: 20, edges: [[3, 'table', 'internal']] },
    {
      type: 'array',
      size: 1000,
      edges: Array.from({ length: 60 }, (_, i): [number, string, 'internal'] => [
        i + 4,
        String(i),
        'internal',
      ]),
    },
    ...Array.from({ length: 60 }, () => ({ name: className, size: 1000 })),
  ]);
}

const options = { cwd: '/srv', next: ['holter heap suspects drawn.heapsnapshot'] };
const style = (columns: number): Style => ({ columns, color: false, unicode: true });

function everyView(className: string, columns: number, property?: string): string {
  const heap = drawStore(className, property);
  const total = heap.graph.retained.get(0);
  const at = style(columns);
  return [
    renderHeapSummary(summariseHeap(heap, { top: 5 }), at, options),
    renderHeapObject('/srv/drawn.heapsnapshot', describeObject(heap, 2, 5), total, at, options),
    renderHeapClass(
      '/srv/drawn.heapsnapshot',
      describeClass(heap, findClasses(heap.classes, className), 5),
      total,
      at,
      options,
    ),
  ].join('\n');
}

describe('terminal', () => {
  test('the answer comes first', () => {
    const text = renderHeapSummary(summariseHeap(drawStore('Session')), style(80), options);
    expect(text.split('\n')[2]).toBe('global.store (Map, 60 Session) holds 61 kB, 100 % of the heap');
    expect(text).toContain('classes');
    expect(text).toMatch(/Session +60 +60 kB +60 kB/);
  });

  test.each([40, 59, 60, 80, 140])('no line but commands is wider than %i cells', (columns) => {
    for (const name of ['Session', 'A'.repeat(300), HOSTILE, '会話'.repeat(40)])
      for (const line of everyView(name, columns, name).split('\n'))
        if (!line.startsWith('next')) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
  });

  test('nothing of the target reaches the terminal raw', () => {
    const text = everyView(HOSTILE, 80, HOSTILE);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e]/u);
  });

  test('cut lists say so', () => {
    const text = everyView('Session', 80);
    expect(text).toContain('5 of 60 instances; all: --top 60');
    const one = renderHeapSummary(summariseHeap(drawStore('Session'), { top: 1 }), style(80), options);
    expect(one).toContain('1 of 3 classes; all: --top 3');
  });

  test('a partial snapshot says so', () => {
    const summary = { ...summariseHeap(drawStore('Session')), partial: 'cut in the edges' };
    expect(renderHeapSummary(summary, style(80), options)).toContain(
      'only a part of the snapshot: cut in the edges',
    );
    expect(renderHeapSummary(summary, style(40), options)).toContain('only a part of the snapshot');
  });

  test('without Unicode everything is ASCII', () => {
    const heap = drawStore('会話');
    const text = renderHeapSummary(
      summariseHeap(heap),
      { columns: 80, color: false, unicode: false },
      options,
    );
    expect(text).toMatch(/^[\n -~]*$/);
  });
});

test('JSON has the schema first and all of the summary', () => {
  const summary = summariseHeap(drawStore('Session'));
  const json = JSON.parse(renderHeapSummaryJson(summary, options.next));
  expect(Object.keys(json)[0]).toBe('schema');
  expect(json).toMatchObject({
    schema: 'holter.heap-show/1',
    totalBytes: summary.totalBytes,
    next: options.next,
  });
  expect(json.classes).toEqual(summary.classes);
});

test('Markdown escapes what could become a cell, a link or HTML', () => {
  const text = renderHeapSummaryMarkdown(summariseHeap(drawStore(HOSTILE, HOSTILE)), '/srv');
  expect(text).not.toContain('\u001b');
  for (const line of text.split('\n').filter((row) => row.startsWith('| ')))
    expect(line.replaceAll('\\|', '').split('|').length).toBeLessThanOrEqual(8);
  expect(text).toMatch(/^# Heap drawn\.heapsnapshot$/m);
});
