import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AsyncPageOptions, drawAsyncPage } from '../../src/render/async-page.fixture.ts';
import { renderHtmlPage } from '../../src/render/html-page.ts';
import { hashOf, type OpenOptions, overflowOf, PageOpener } from './opened-page.ts';

const HOSTILE = `<img src=x onerror=alert(1)>\u202egnp.exe __proto__ ${'x'.repeat(300)}`;

let opener: PageOpener;
beforeAll(async () => {
  opener = await PageOpener.start();
});
afterAll(async () => {
  await opener?.stop();
});
afterEach(() => {
  expect(opener.complaints.splice(0)).toEqual([]);
});

async function open(options: AsyncPageOptions & OpenOptions = {}): Promise<Page> {
  const page = await opener.open(renderHtmlPage(drawAsyncPage(options)), options);
  await page.locator('main').waitFor();
  return page;
}
const plain = async (place: Locator) => (await place.innerText()).replaceAll('\u2009', ' ');
const names = (page: Page) => page.locator('.wait-table tbody .c-name').allInnerTexts();
const nodeAt = (page: Page, text: string | RegExp) => page.locator('.wait-node', { hasText: text });

describe('the page of waits', () => {
  it('says what requests wait for, by what, and what was sampled', async () => {
    const page = await open();
    expect(await page.title()).toContain('holter async api-gateway pid 4711');
    const title = await plain(page.locator('h1'));
    expect(title).toMatch(
      /^Requests wait \d+ % of their time: upstream 10\.0\.0\.5:5432, via query at app\/db\.js:41$/,
    );
    const shares = await plain(page.locator('.wait-shares'));
    for (const part of [
      'upstream 10.0.0.5:5432',
      'queue before 10.0.0.5:5432',
      'GET http://stock:8080/items/:id',
    ])
      expect(shares).toContain(part);
    expect(shares).toContain('running JavaScript');
    expect(shares).toContain('4 of 40 requests were followed');
    expect(shares).toContain('stacks were halved');
    // The bar is as long as its parts say.
    const widths = await page
      .locator('.share-bar i')
      .evaluateAll((parts) =>
        parts.map((part) => parseFloat((part as unknown as { style: { width: string } }).style.width)),
      );
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeGreaterThan(85);
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeLessThan(100.5);
    expect(await page.locator('.actions').innerText()).toContain('nothing, verified');
    expect(await page.locator('.next').innerText()).toContain('holter doctor 4711');
  });

  it('draws the slowest request, and how each of its waits came about', async () => {
    const page = await open();
    const panel = page.locator('.waterfall');
    expect(await plain(panel.locator('.panel-head'))).toContain('GET /orders/17');
    expect(await panel.locator('.fall-name').allInnerTexts()).toEqual([
      'queue before 10.0.0.5:5432',
      'upstream 10.0.0.5:5432',
      'GET http://stock:8080/items/17',
    ]);
    const bars = await panel
      .locator('.fall-bar')
      .evaluateAll((all) => all.map((bar) => (bar as unknown as { style: { left: string } }).style.left));
    expect(bars).toEqual(['0%', '30%', '49%']);
    const side = panel.locator('.wait-side');
    expect(await plain(side)).toContain('How it came to wait: GET http://stock:8080/items/17, 92 ms');
    await panel.locator('.fall-name').first().click();
    await expect.poll(() => hashOf(page)).toBe('#e=0');
    // Innermost first, the package in between; then the source of the line that is looked at.
    expect(await side.locator('.chain .wait-function').allInnerTexts()).toEqual(['query', 'acquire', 'load']);
    expect(await side.locator('.code').innerText()).toContain('pool.acquire()');
    await side.locator('.chain-line').nth(2).click();
    await expect.poll(() => side.locator('.code').innerText()).toContain('return await query(id)');
    await side.locator('.chain-line').nth(1).click();
    await expect.poll(() => side.innerText()).toContain('source not in the recording');
  });

  it('shows other requests by key and by choice; Back undoes', async () => {
    const page = await open();
    const head = page.locator('.waterfall .panel-head');
    await page.keyboard.press('j');
    await expect.poll(() => hashOf(page)).toBe('#r=1');
    expect(await head.innerText()).toContain('A slow request');
    await page.locator('.fall-chooser').selectOption({ label: '40 ms  /report'.replace(' ms', '\u2009ms') });
    await expect.poll(() => head.innerText()).toContain('/report');
    expect(await page.locator('.fall-name').allInnerTexts()).toEqual([
      'file: reading or writing',
      'timer of 10 ms',
    ]);
    await page.goBack();
    await expect.poll(() => hashOf(page)).toBe('#r=1');
    await page.keyboard.press('k');
    await expect.poll(() => hashOf(page)).toBe('');
    const under = await open({ hash: '#r=2' });
    expect(await under.locator('.waterfall').innerText()).not.toBe('');
  });

  it('shows what is begun after what; a click shows a group everywhere', async () => {
    const page = await open();
    const graph = page.locator('.wait-graph');
    // From left to right: the route, the queue, the database, the other server.
    const left = async (text: string) => (await nodeAt(page, text).first().boundingBox())!.x;
    const order = ['GET /orders/:id', 'queue before', 'upstream 10.0.0.5', 'GET http://stock'];
    const places = await Promise.all(order.map(left));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    await nodeAt(page, 'upstream').click();
    await expect.poll(() => hashOf(page)).toMatch(/n=\d/);
    const details = await plain(graph.locator('.wait-side'));
    for (const part of [
      'upstream 10.0.0.5:5432',
      'query',
      'app/db.js:41',
      'Comes after',
      'Leads to',
      'waiting now',
    ])
      expect(details).toContain(part);
    expect(await names(page)).toEqual(['upstream 10.0.0.5:5432']);
    await graph.locator('.neighbours .link', { hasText: 'queue before' }).click();
    await expect.poll(() => names(page)).toEqual(['queue before 10.0.0.5:5432']);
    expect(await page.locator('.share-part[aria-pressed=true]').innerText()).toContain('queue before');
    await page.keyboard.press('Escape');
    await expect.poll(() => hashOf(page)).toBe('');
    expect((await names(page)).length).toBe(5);
  });

  it('is usable by keyboard: waits of the request, the graph, out, keys', async () => {
    const page = await open();
    await page.locator('.fall-name[tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => hashOf(page)).toBe('#e=1');
    const focused = () => page.evaluate('document.activeElement?.innerText');
    expect(await focused()).toBe('upstream 10.0.0.5:5432');
    await page.keyboard.press('Escape');
    await expect.poll(() => hashOf(page)).toBe('');
    await page.locator('.wait-node[tabindex="0"]').focus();
    expect(await focused()).toContain('upstream');
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toContain('queue before');
    await page.keyboard.press('Enter');
    await expect.poll(() => names(page)).toEqual(['queue before 10.0.0.5:5432']);
    await page.keyboard.press('Escape');
    await page.keyboard.type('sbvohrfmt');
    expect(hashOf(page)).toBe('');
    await page.keyboard.press('?');
    const keys = await page.locator('.keys').innerText();
    expect(keys).toContain('next, previous request');
    expect(keys).not.toContain('sandwich');
  });

  it('sorts and searches hundreds of waits of which only those in sight exist', async () => {
    const page = await open({ lines: 190 });
    const rows = page.locator('.wait-table tbody tr');
    expect(await rows.count()).toBeLessThan(40);
    const head = (label: string) => page.locator('.wait-table th', { hasText: label }).locator('button');
    await head('Max').click();
    expect(await page.locator('.wait-table th.c-max').getAttribute('aria-sort')).toBe('descending');
    expect((await names(page))[0]).toBe('GET http://stock:8080/items/:id');
    await head('Waits for').click();
    expect((await names(page))[0]).toBe('file: reading or writing');
    await page.locator('#search').fill('cache17');
    await expect
      .poll(async () => (await names(page)).sort().slice(0, 3))
      .toEqual(['upstream cache170:6379', 'upstream cache171:6379', 'upstream cache172:6379']);
    await page.locator('#search').fill('/other\\.js:42$/');
    await expect.poll(() => names(page)).toEqual(['upstream cache41:6379']);
    // Few enough to be seen: the rest is one node, which names them.
    expect(await page.locator('.wait-node').count()).toBeLessThan(40);
    await page.locator('#search').fill('');
    await nodeAt(page, 'small waits').click();
    await expect.poll(() => page.locator('.wait-table .hint').innerText()).toMatch(/^1\d\d of 19\d/);
  });

  it('of a process that serves nothing says what waits now', async () => {
    const page = await open({ idle: true });
    expect(await plain(page.locator('h1'))).toContain('No request was served; 2 × timer of 60000 ms');
    expect(await plain(page.locator('.wait-shares'))).toContain('Timeout 1 → 3');
    expect(await page.locator('.waterfall').count()).toBe(0);
    expect(await nodeAt(page, 'start of the program').count()).toBe(1);
    const empty = await open({ empty: true });
    expect(await empty.locator('.wait-shares').innerText()).toContain('Nothing waited');
    expect(await empty.locator('.wait-table').innerText()).toContain('Nothing was waited for');
  });

  it.each([1440, 800, 500])('fits into %i px, light and dark, whatever the names are', async (width) => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open({ width, scheme, ...(scheme === 'dark' ? { hostile: HOSTILE } : {}) });
      expect(await overflowOf(page)).toBe(0);
      if (scheme === 'dark') {
        expect(await page.locator('script').count()).toBe(2);
        expect(await page.locator('img').count()).toBe(0);
        expect(await page.locator('.wait-table').innerText()).toContain(
          '<img src=x onerror=alert(1)>\\u202egnp.exe',
        );
      }
      await page.close();
    }
  });

  it('prints all of it', async () => {
    const page = await open({ lines: 60 });
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await expect.poll(() => page.locator('.wait-table tbody tr').count()).toBeGreaterThan(55);
  });
});
