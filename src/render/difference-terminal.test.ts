import { describe, expect, it } from 'vitest';
import { CallTreeBuilder } from '../cpu/call-tree-builder.ts';
import { AFTER, BEFORE } from '../cpu/difference.fixture.ts';
import { compareProfiles, type DifferenceOptions } from '../cpu/difference.ts';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import { HOSTILE_TREE } from './cpu-document.fixture.ts';
import { type DifferenceJson, renderDifferenceJson } from './difference-json.ts';
import { renderDifferenceMarkdown } from './difference-markdown.ts';
import { differenceHeadline, renderDifference } from './difference-terminal.ts';

const wide = { columns: 80, color: false, unicode: true };
const ESC = String.fromCharCode(27);
const names = { beforeName: 'v1.cpuprofile', afterName: 'v2.cpuprofile' };
const byRequests: DifferenceOptions = { normalise: { by: 'requests', before: 100, after: 110 }, ...names };
const byTotal: DifferenceOptions = { normalise: { by: 'total' }, ...names };
const perRequest = compareProfiles(BEFORE, AFTER, byRequests);
const details = ['Throughput 100 → 110 requests a second (+10 %).'];
const longest = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

describe('renderDifference', () => {
  it('draws a comparison per request on 80 columns', async () => {
    const text = renderDifference(
      perRequest,
      { cwd: '/srv', details, page: 'difference.html', failOn: { relative: 0.05 } },
      wide,
    );
    await expect(text).toMatchFileSnapshot('golden/difference-80.txt');
    expect(longest(text)).toBeLessThanOrEqual(80);
  });

  it('draws it on 40 columns', async () => {
    const text = renderDifference(perRequest, { cwd: '/srv', details }, { ...wide, columns: 40 });
    await expect(text).toMatchFileSnapshot('golden/difference-40.txt');
    expect(longest(text)).toBeLessThanOrEqual(40);
  });

  it('draws shares, swapped inputs, and what is over the limit', async () => {
    const difference = compareProfiles(BEFORE, AFTER, {
      ...byTotal,
      beforeRecordedAt: '2026-11-02T00:00:00Z',
      afterRecordedAt: '2026-11-01T00:00:00Z',
    });
    const text = renderDifference(difference, { cwd: '/srv', failOn: { relative: 0.05 } }, wide);
    await expect(text).toMatchFileSnapshot('golden/difference-total-80.txt');
  });

  it('says as much without Unicode, and the same with colour', () => {
    expect(renderDifference(perRequest, { cwd: '/srv' }, { ...wide, unicode: false })).toMatch(/^[\n -~]*$/);
    const coloured = renderDifference(perRequest, { cwd: '/srv' }, { ...wide, color: true });
    expect(coloured).toContain(`${ESC}[32m`);
    expect(coloured.replaceAll(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), '')).toBe(
      renderDifference(perRequest, { cwd: '/srv' }, wide),
    );
  });

  it('fits whatever the width', () => {
    for (let columns = 30; columns <= 200; columns += 3)
      expect(
        longest(renderDifference(perRequest, { cwd: '/srv' }, { ...wide, columns })),
        `${columns}`,
      ).toBeLessThanOrEqual(Math.min(120, columns));
  });

  it('marks what may be chance, where nothing is sure', () => {
    const text = renderDifference(
      compareProfiles(
        profileFromText('a@/a.js:1 x30  b@/b.js:1 x30'),
        profileFromText('a@/a.js:1 x33  b@/b.js:1 x27'),
        byTotal,
      ),
      { cwd: '/' },
      wide,
    );
    expect(text).toContain('no significant change in where the time goes');
    expect(text).toMatch(/a +50\.0 % +55\.0 % +\+5\.0 points {2}chance\?/);
  });

  it('says when a rise may only be another’s fall', () => {
    const caution = /shares add up to 100 %: parse fell by 21\.2 points/;
    const draw = (options: DifferenceOptions, relative: number) =>
      renderDifference(
        compareProfiles(BEFORE, AFTER, options),
        { cwd: '/srv', failOn: { relative } },
        { ...wide, columns: 200 },
      ).replaceAll(/\n {6}/g, ' ');
    expect(draw(byTotal, 0.05)).toMatch(caution);
    expect(draw(byTotal, 0.5)).not.toMatch(caution);
    expect(draw(byRequests, 0.05)).not.toMatch(caution);
  });

  it('calls more and less what is no time', () => {
    const heap = (n: number) =>
      profileFromText(`a@/a.js:1 x${n}  b@/b.js:1 x50`, { unit: 'bytes', bytesPerSample: 1e6 });
    const text = renderDifference(
      compareProfiles(heap(50), heap(90), { normalise: { by: 'nothing' } }),
      { cwd: '/' },
      wide,
    );
    expect(text).toContain('40 % more allocated memory, 100 MB → 140 MB: a +40 MB');
    expect(text).toMatch(/^your functions, more/m);
    expect(text).not.toMatch(/slower|faster|own time/);
  });

  it('lets no name of the target reach terminal or Markdown as it is', () => {
    const difference = compareProfiles(HOSTILE_TREE, profileFromText('calm@/srv/api/calm.js:1 x90'), byTotal);
    for (const columns of [80, 40]) {
      const text = renderDifference(difference, { cwd: '/srv' }, { ...wide, columns });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(text).toContain('\\x1b');
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(renderDifferenceMarkdown(difference, { cwd: '/srv' })).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('differenceHeadline', () => {
  const tree = (counts: Record<string, number>) =>
    profileFromText(
      Object.entries(counts)
        .map(([name, count]) => `${name}@/app/a.js:1 x${count}`)
        .join('  '),
    );
  const by = (requests: number | undefined, before: Record<string, number>, after: Record<string, number>) =>
    differenceHeadline(
      compareProfiles(tree(before), tree(after), {
        normalise:
          requests === undefined ? { by: 'total' } : { by: 'requests', before: requests, after: requests },
      }),
    );

  it.each([
    {
      before: { a: 920, b: 80 },
      after: { a: 570, b: 80 },
      requests: 10,
      says: '35 % less CPU time per request, 100 ms → 65 ms: a −35 ms',
    },
    {
      before: { a: 500, b: 500 },
      after: { a: 900, b: 300 },
      requests: 10,
      says: '20 % more CPU time per request, 100 ms → 120 ms: a +40 ms',
    },
    {
      before: { a: 500, b: 500 },
      after: { a: 505, b: 500 },
      requests: 10,
      says: 'no significant change of the CPU time per request, 100 ms → 101 ms',
    },
    {
      before: { a: 500, b: 500 },
      after: { a: 700, b: 300 },
      requests: 10,
      says: 'no significant change of the CPU time per request, 100 ms → 100 ms, but a +20 ms',
    },
    {
      before: { a: 300, b: 400, c: 400 },
      after: { a: 700, b: 100, c: 90 },
      requests: 10,
      says: '19 % less CPU time per request, 110 ms → 89 ms: c −31 ms',
    },
  ])('per request: $says', ({ requests, before, after, says }) => {
    expect(by(requests, before, after)).toBe(says);
  });

  it('by total: the change that is largest', () => {
    // Woven, since 700 samples in a row are one event.
    const woven = (a: number, b: number, c: number) =>
      profileFromText(`a@/app/a.js:1 x${a}  b@/app/b.js:1 x${b}  c@/app/c.js:1 x${c}  `.repeat(100));
    const headline = differenceHeadline(compareProfiles(woven(7, 1, 2), woven(3, 3, 4), byTotal));
    expect(headline).toBe('a went from 70 % to 30 % of the busy time (−40.0 points)');
    expect(by(undefined, { a: 100, b: 900 }, { a: 100, b: 900 })).toBe(
      'no significant change in where the time goes',
    );
  });

  it('of nothing, nothing', () => {
    const empty = new CallTreeBuilder('microseconds').finish({ from: 0, to: 0 });
    expect(differenceHeadline(compareProfiles(empty, AFTER, byTotal))).toMatch(/nothing to compare/);
    expect(renderDifference(compareProfiles(empty, AFTER, byTotal), { cwd: '' }, wide)).not.toMatch(
      /NaN|Infinity|undefined/,
    );
  });
});

describe('the documents of a comparison', () => {
  it('Markdown', async () => {
    await expect(renderDifferenceMarkdown(perRequest, { cwd: '/srv', details })).toMatchFileSnapshot(
      'golden/difference.md',
    );
  });

  it('JSON, schema first, without what JSON does not have', async () => {
    const text = renderDifferenceJson(perRequest, { failOn: { relative: 0.05 } });
    await expect(text).toMatchFileSnapshot('golden/difference.json');
    const json = JSON.parse(text) as DifferenceJson;
    expect(Object.keys(json)[0]).toBe('schema');
    expect(json.rows.find(({ name }) => name === 'log')!.relative).toBeNull();
    expect(json.limit).toMatchObject({ exceeded: false, breaches: [] });
    expect(JSON.parse(renderDifferenceJson(perRequest))).not.toHaveProperty('limit');
  });
});
