import { describe, expect, it } from 'vitest';
import { type Style, textWidth } from '../base/terminal-text.ts';
import { drawPage, drawTable } from './top.fixture.ts';
import { renderTopHelp } from './top-help.ts';
import { sortRows, TOP_ORDERS } from './top-model.ts';
import { pageSeconds, renderTopPage } from './top-page.ts';
import { renderTopTable } from './top-table.ts';

/** The sizes that were looked at: a wide window, the classic one, a small pane, and next to nothing. */
const SIZES = [
  [120, 40],
  [80, 24],
  [40, 12],
  [20, 5],
] as const;
const ESC = '\u001b';
const plain = (text: string): string => text.replaceAll(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), '');
const style = (columns: number, more: Partial<Style> = {}): Style => ({
  columns,
  color: false,
  unicode: true,
  ...more,
});
const text = (lines: readonly string[]): string => `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
const page = (columns: number, height: number, more = {}, styles: Partial<Style> = {}): string[] =>
  renderTopPage(drawPage(pageSeconds(columns), more), style(columns, styles), height);

describe.each(SIZES)('on %i × %i', (columns, height) => {
  const views: Record<string, (styles: Partial<Style>) => string[]> = {
    table: (styles) => renderTopTable(drawTable(), style(columns, styles), height),
    page: (styles) => page(columns, height, {}, styles),
    help: (styles) => renderTopHelp('page', style(columns, styles), height),
  };
  it.each(Object.keys(views))('%s fills the screen and no more, in colour and without', async (name) => {
    const lines = views[name]!({});
    expect(lines.length).toBe(height);
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns);
    await expect(text(lines)).toMatchFileSnapshot(`golden/top-${name}-${columns}.txt`);
    expect(views[name]!({ color: true }).map(plain)).toEqual(lines);
    expect(text(views[name]!({ unicode: false }))).toMatch(/^[\n -~]*$/);
  });
});

describe('the table', () => {
  it('keeps the marked row in sight, wherever it is', () => {
    for (const { pid } of drawTable().rows)
      for (const height of [3, 4, 5, 24])
        expect(
          renderTopTable(drawTable({ selected: pid }), style(80), height).some(
            (line) => line.startsWith('▸ ') && line.includes(String(pid)),
          ),
        ).toBe(true);
  });

  it('never lets a name of the target write on the terminal', () => {
    for (const [columns, height] of SIZES)
      expect(text(renderTopTable(drawTable(), style(columns), height))).not.toContain(ESC);
  });

  it('has one height however many rows there are', () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ ...drawTable().rows[0]!, pid: index + 1 }));
    for (const rows of [[], many]) {
      for (const height of [1, 2, 3, 10, 60])
        expect(renderTopTable(drawTable({ rows, selected: 250 }), style(80), height).length).toBe(height);
    }
    expect(text(renderTopTable(drawTable({ rows: many, selected: 250 }), style(80), 10))).toContain('of 500');
  });

  it('sorts by every order, unknown values last', () => {
    const { rows } = drawTable();
    expect(sortRows(rows, 'cpu').map(({ pid }) => pid)).toEqual([4711, 5133, 5120, 4802, 5140, 123_456]);
    expect(sortRows(rows, 'growth')[0]?.pid).toBe(5120);
    expect(sortRows(rows, 'growth').at(-1)?.pid).toBe(123_456);
    expect(sortRows(rows, 'age').at(-1)?.pid).toBe(123_456);
    for (const order of TOP_ORDERS) expect(sortRows(rows, order).length).toBe(rows.length);
  });

  it('prints a picture without keys and without a mark', () => {
    const lines = renderTopTable(drawTable({ selected: undefined }), style(80), Number.POSITIVE_INFINITY);
    expect(lines.length).toBe(2 + drawTable().rows.length);
    expect(text(lines)).not.toMatch(/▸|quit/);
  });
});

describe('the page', () => {
  it('gives every height its lines; the smaller, the fewer', () => {
    for (let height = 1; height <= 50; height++)
      for (const columns of [20, 40, 80, 120]) expect(page(columns, height).length).toBe(height);
    const kept = text(page(20, 5));
    expect(kept).toMatch(/main/);
    expect(kept).toMatch(/delay/);
    expect(kept).toMatch(/blocked/);
  });

  it('marks what is beyond its limit with more than colour', () => {
    expect(text(page(80, 24))).toMatch(/delay +556 ms ! +50 ms/);
    expect(text(page(80, 24))).toMatch(/busy threads +4 of 4 !/);
  });

  it('says that the target has ended, and keeps the last picture', () => {
    for (const [columns, height] of SIZES) {
      const shown = text(page(columns, height, { ended: 'ended at 22:14:20', blockedMs: Number.NaN }));
      expect(shown).toMatch(/! ended at/);
      expect(shown).toMatch(/556 ms/);
    }
  });

  it('tells why nothing is seen from inside, and when there is no finding', () => {
    const shown = text(
      page(80, 24, { access: 'from outside only: SIGUSR1 is not caught', findings: [], hottest: '' }),
    );
    expect(shown).toMatch(/SIGUSR1 is not caught/);
    expect(shown).toMatch(/no finding so far/);
    expect(text(page(80, 24, { findings: [], isJudged: false, hottest: '' }))).toMatch(/judged every 10 s/);
  });

  it('shows findings newest first, those that are over dimmed', () => {
    const shown = text(page(120, 40));
    expect(shown.indexOf('hashPassword blocks')).toBeLessThan(shown.indexOf('RSS grows'));
    expect(shown).toMatch(/The machine is short of CPU.*over\n/);
  });
});
