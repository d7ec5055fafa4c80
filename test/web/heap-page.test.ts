import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  drawHeap,
  drawHeapDifferencePage,
  drawHeapPage,
  HOSTILE_NAMES,
} from '../../src/render/heap-page.fixture.ts';
import { renderHtmlPage, renderServedPage } from '../../src/render/html-page.ts';
import { makeAnswerer } from '../../src/server/answer-question.ts';
import { type RunningServer, startPageServer } from '../../src/server/page-server.ts';
import { expectColours, hashOf, type OpenOptions, overflowOf, PageOpener } from './opened-page.ts';

/** Room colours of ui/src/styles/tokens.css, as a map of memory uses them. */
const KINDS = { objects: [251, 190, 95], strings: [114, 176, 254] };
const ROW = 20;
const MAP = '.heap-map .flame-scroll canvas';

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

async function openHeap(options: Parameters<typeof drawHeapPage>[0] & OpenOptions = {}): Promise<Page> {
  const page = await opener.open(renderHtmlPage(drawHeapPage(options)), options);
  await page.locator('main').waitFor();
  return page;
}
async function openDifference(
  options: Parameters<typeof drawHeapDifferencePage>[0] & OpenOptions = {},
): Promise<Page> {
  const page = await opener.open(renderHtmlPage(drawHeapDifferencePage(options)), options);
  await page.locator('main').waitFor();
  return page;
}
const plain = async (place: Locator) => (await place.innerText()).replaceAll('\u2009', ' ');
const names = (page: Page, panel: string) => page.locator(`${panel} tbody .c-name`).allInnerTexts();
const scrollDown = (page: Page, selector: string) =>
  page.evaluate(`document.querySelector('${selector}').scrollTop = 1e9`);
const foot = (page: Page) => page.locator('.flame-foot');

describe('the page of a heap', () => {
  it('gives the answer, who is suspect, what it is made of, and what to do next', async () => {
    const page = await openHeap();
    expect(await page.title()).toContain('holter heap show shop.heapsnapshot');
    expect(await page.locator('h1').innerText()).toContain('Session × 400 in app.sessions (Map)');
    expect(await page.locator('h1').innerText()).toContain('session.js:9');
    expect(await plain(page.locator('.facts'))).toContain('objects');
    const suspect = await plain(page.locator('.heap-suspects'));
    for (const part of ['global.app.sessions', 'holds 400', 'session.js:9', 'each keeps 320 B', 'timers'])
      expect(suspect).toContain(part);
    expect(await plain(page.locator('.heap-kinds'))).toContain('strings');
    expect(await plain(page.locator('.heap-strings'))).toContain('"guest"'.slice(1, -1));
    expect(await plain(page.locator('.heap-objects'))).toContain('global.app.sessions');
    expect(await page.locator('.next').innerText()).toContain('holter heap diff');
    expect(await page.locator('.heap-no-server').innerText()).toContain('holter open shop.heapsnapshot');
    expect(await page.locator('.page-foot').innerText()).toContain('may be secret');
    await expectColours(page, MAP, KINDS);
  });

  it('zooms into the map, names what is selected, and Back undoes', async () => {
    const page = await openHeap();
    const scroller = page.locator('.heap-map .flame-scroll');
    // Row 3: what app.sessions keeps.
    await scroller.click({ position: { x: 60, y: 3 * ROW + 10 } });
    await expect.poll(() => foot(page).innerText()).toContain('sessions: Map');
    expect(await plain(foot(page))).toContain('keeps');
    await scroller.dblclick({ position: { x: 60, y: 3 * ROW + 10 } });
    await expect.poll(() => hashOf(page)).toContain('z=');
    expect((await page.locator('.heap-map .crumb').allInnerTexts()).at(-1)).toBe('sessions: Map');
    await page.locator('.heap-map .crumb').first().click();
    await expect.poll(() => hashOf(page)).not.toContain('z=');
    await page.goBack();
    await expect.poll(() => hashOf(page)).toContain('z=');
  });

  it('is usable by keyboard: move, zoom, out, table, suspects', async () => {
    const page = await openHeap();
    await page.locator('.heap-map .flame-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => foot(page).innerText()).toContain('app: App');
    await page.keyboard.press('Enter');
    await expect.poll(() => hashOf(page)).toContain('z=');
    await page.keyboard.press('Escape');
    await expect.poll(() => hashOf(page)).not.toContain('z=');
    await page.keyboard.press('t');
    expect(await page.locator('[role=treegrid] thead').innerText()).toContain('Keeps');
    await page.keyboard.press('t');
    await page.keyboard.press('j');
    const focused = () => page.evaluate('document.activeElement?.parentElement?.dataset.suspect');
    await expect.poll(focused).toBe('0');
    await page.keyboard.press('?');
    const keys = await page.locator('.keys').innerText();
    expect(keys).toContain('suspect');
    expect(keys).not.toContain('sandwich');
  });

  it('keys of profiles do nothing here', async () => {
    const page = await openHeap();
    await page.keyboard.type('sbvohrf');
    expect(hashOf(page)).toBe('');
  });

  it('sorts and searches a thousand classes of which only those in sight exist', async () => {
    const page = await openHeap({ classes: 1000 });
    const rows = page.locator('.heap-classes tbody tr');
    expect(await rows.count()).toBeLessThan(50);
    expect((await names(page, '.heap-classes'))[0]).toBe('global');
    const head = (label: string) => page.locator('.heap-classes th', { hasText: label }).locator('button');
    await head('Objects').click();
    expect((await names(page, '.heap-classes'))[0]).toBe('Session');
    expect(await page.locator('.heap-classes th.c-count').getAttribute('aria-sort')).toBe('descending');
    await head('Class').click();
    expect((await names(page, '.heap-classes'))[0]).toBe('(string)');
    await scrollDown(page, '.heap-classes .vscroll');
    await expect.poll(async () => (await names(page, '.heap-classes')).at(-1)).toBe('global');
    await page.locator('#search').fill('class99');
    await expect.poll(() => page.locator('.heap-classes .hint').innerText()).toMatch(/^11 of 1\d{3} classes/);
    expect((await names(page, '.heap-classes')).sort()[0]).toBe('Class99');
    await page.locator('#search').fill('/^Session$/');
    await expect.poll(() => names(page, '.heap-classes')).toEqual(['Session']);
    expect(await plain(foot(page))).toContain('found');
  });

  it('shows names as they are, whatever they are', async () => {
    const page = await openHeap({ names: HOSTILE_NAMES });
    const shown = await names(page, '.heap-classes');
    for (const name of [
      '<script>alert(1)</script>',
      '__proto__',
      'constructor',
      'a\ufffdgnp.exe',
      '(no name)',
    ])
      expect(shown).toContain(name);
    expect(await page.locator('script').count()).toBe(2);
    expect(await overflowOf(page)).toBe(0);
  });

  it.each([1440, 800, 500])('fits into %i px, light and dark', async (width) => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await openHeap({ width, scheme, names: HOSTILE_NAMES });
      expect(await overflowOf(page)).toBe(0);
      await page.close();
    }
  });

  it('says so when nothing is suspect, or nothing is in it', async () => {
    const page = await openHeap({ quiet: true });
    expect(await page.locator('h1').innerText()).toContain('Nothing stands out');
    expect(await page.locator('.heap-suspects').innerText()).toContain('Nothing stands out');
    const empty = drawHeapPage({ quiet: true });
    Object.assign(empty, {
      duplicateStrings: [],
      dominators: [],
      packages: [],
      kinds: [],
      classCount: 0,
      classes: {
        name: [],
        place: [],
        key: [],
        count: new Float64Array(0),
        shallow: new Float64Array(0),
        retained: new Float64Array(0),
        distance: new Int32Array(0),
        room: new Uint8Array(0),
      },
    });
    const bare = await opener.open(renderHtmlPage(empty));
    expect(await bare.locator('.heap-objects').innerText()).toContain('None');
    expect(await bare.locator('.heap-classes').innerText()).toContain('No class');
  });

  it('prints everything open', async () => {
    const page = await openHeap({ classes: 300 });
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await expect.poll(() => page.locator('.heap-classes tbody tr').count()).toBeGreaterThan(50);
    expect(await page.locator('.heap-suspects details').first().getAttribute('open')).not.toBeNull();
  });
});

describe('the page of a comparison of heaps', () => {
  it('says what grew, who holds it, which containers have more', async () => {
    const page = await openDifference();
    const title = await page.locator('h1').innerText();
    expect(title).toContain('Session +14 000, held by global.app.sessions');
    expect(await plain(page.locator('.heap-holders'))).toContain('Session +14 000');
    expect((await names(page, '.heap-changes'))[0]).toBe('Session');
    expect(await plain(page.locator('.heap-containers'))).toContain('1000 → 15 000');
    await page.locator('.heap-changes th.c-removed button').click();
    expect(['Array', 'Order']).toContain((await names(page, '.heap-changes'))[0]);
    await page.locator('#search').fill('order');
    await expect.poll(() => names(page, '.heap-changes')).toEqual(['Order']);
  });

  it.each([1440, 800, 500])('fits into %i px, two and three snapshots', async (width) => {
    for (const last of [false, true]) {
      const page = await openDifference({ width, last, names: HOSTILE_NAMES });
      expect(await overflowOf(page)).toBe(0);
      await page.close();
    }
  });
});

describe('a served page', () => {
  let server: RunningServer;
  afterEach(() => server.close());

  /** Pages opened from a server, with their requests and complaints. */
  async function serve(): Promise<{ page: Page; asked: string[] }> {
    const heap = drawHeap({ sessions: 3000 });
    server = await startPageServer({
      page: async (to) => renderServedPage(drawHeapPage({ sessions: 3000, input: { server: to } })),
      answer: makeAnswerer(heap, '/srv/shop'),
    });
    const page = await opener.visit(server.url);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.locator('main').waitFor();
    return { page, asked };
  }

  it('goes from a class to its instances, to one of them, to who refers to it', async () => {
    const { page, asked } = await serve();
    await page.locator('.heap-classes tbody .frame-name', { hasText: /^Session$/ }).click();
    const instances = page.locator('#instances');
    await expect.poll(() => instances.locator('h2').innerText()).toContain('3000');
    // Far down: rows that were not there come when they are in sight.
    await scrollDown(page, '#instances .vscroll');
    await expect.poll(() => instances.locator('tbody tr').last().getAttribute('aria-rowindex')).toBe('3001');
    await expect.poll(() => instances.locator('tbody tr').last().innerText()).toContain('Session');
    await instances.locator('tbody .frame-name').last().click();
    const object = page.locator('#object');
    await expect.poll(() => object.locator('.object-facts').innerText()).toContain('global.app.sessions');
    await expect.poll(() => object.locator('tbody').innerText()).toContain('token');
    await object.locator('button', { hasText: 'Referred to by' }).click();
    await expect.poll(() => object.locator('tbody').innerText()).toContain('(array)');
    const first = hashOf(page);
    await object.locator('.object-facts .link', { hasText: 'App' }).first().click();
    await expect.poll(() => object.locator('.panel-head').innerText()).toContain('App');
    await page.goBack();
    await expect.poll(() => hashOf(page)).toBe(first);
    const { origin } = new URL(server.url);
    expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith('data:'))).toEqual([]);
  });

  it('answers a query, and points at what is wrong with one', async () => {
    const { page } = await serve();
    const query = page.locator('.heap-query');
    await query.locator('textarea').fill("select count(*) from objects where class = 'Session'");
    await query.locator('textarea').press('Enter');
    await expect.poll(() => query.locator('.query-result tbody').innerText()).toMatch(/3.?000/);
    await query.locator('textarea').fill('select clas from objects');
    await query.locator('button[type=submit]').click();
    await expect.poll(() => query.locator('[role=alert]').innerText()).toContain('^');
  });

  it('says when its server is gone', async () => {
    const { page } = await serve();
    await server.close();
    await page.locator('.id-input').fill('@7');
    await page.locator('#object button', { hasText: 'Look' }).click();
    await expect.poll(() => page.locator('.banner').innerText()).toContain('holter open shop.heapsnapshot');
  });
});
