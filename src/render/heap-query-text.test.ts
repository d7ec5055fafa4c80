import { describe, expect, it } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import type { QueryResult } from '../heap/query-run.ts';
import { renderQueryCsv, renderQueryJson, renderQueryResult } from './heap-query-text.ts';

const result: QueryResult = {
  table: 'objects',
  columns: [
    { name: 'id', unit: 'id' },
    { name: 'name', unit: 'text' },
    { name: 'retained', unit: 'bytes' },
    { name: 'line', unit: 'number' },
  ],
  rows: [
    [7, `a "quoted", ${'long '.repeat(40)}`, 1_234_567, null],
    [9, 'evil\u001b[2J\nnext', 12, 3],
  ],
  matched: 4711,
  more: true,
  notes: ['a note'],
};

describe('an answer to a query', () => {
  it.each([80, 40, 30])('fits %i columns', (columns) => {
    const text = renderQueryResult(result, { columns, color: false, unicode: true });
    for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expect(text).toContain('@7');
    expect(text).toContain('1.2 MB');
    expect(text).toContain('2 of 4 711 rows');
    expect(text).not.toContain('\u001b');
  });

  it('is the bare value where there is only one', () => {
    const one = {
      ...result,
      columns: [{ name: 'count(*)', unit: 'count' as const }],
      rows: [[17_036]],
      matched: 1,
      more: false,
      notes: [],
    };
    expect(renderQueryResult(one, { columns: 80, color: false, unicode: true })).toBe('17 036\n');
  });

  it('is CSV that spreadsheets read', () => {
    const [head, first, ...rest] = renderQueryCsv(result).split('\r\n');
    expect(head).toBe('id,name,retained,line');
    expect(first).toMatch(/^7,"a ""quoted"", long .*",1234567,$/);
    expect(rest.join('\r\n')).toContain('\nnext"');
  });

  it('is one JSON document', () => {
    expect(JSON.parse(renderQueryJson(result, { file: 'x', query: 'q' }))).toMatchObject({
      schema: 'holter.heap-query/1',
      rows: [[7, expect.any(String), 1_234_567, null], expect.any(Array)],
      matched: 4711,
      more: true,
    });
  });
});
