import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { renderHtmlPage } from '../../src/render/html-page.ts';
import {
  drawDifferencePage,
  drawProfilePage,
  type ProfileFixtureOptions,
} from '../../src/render/profile-page.fixture.ts';
import {
  countColours,
  expectColours,
  hashOf,
  type OpenOptions,
  overflowOf,
  PageOpener,
} from './opened-page.ts';

/** Room colours of ui/src/styles/tokens.css. */
const ROOMS = {
  user: [251, 190, 95],
  dependency: [114, 176, 254],
  core: [190, 203, 212],
  native: [157, 108, 214],
};
const ROW = 20;
const FLAME = '.flame-scroll canvas';

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

async function openProfile(options: ProfileFixtureOptions & OpenOptions = {}): Promise<Page> {
  const page = await opener.open(renderHtmlPage(drawProfilePage(options)), options);
  await page.locator('main').waitFor();
  return page;
}
async function openDifference(options: OpenOptions = {}): Promise<Page> {
  const page = await opener.open(renderHtmlPage(drawDifferencePage()), options);
  await page.locator('main').waitFor();
  return page;
}

const foot = (page: Page) => page.locator('.flame-foot');
const crumbs = (page: Page) => page.locator('.crumb').allInnerTexts();
const pressed = (page: Page) => page.locator('[aria-label=View] [aria-pressed=true]').innerText();
const hash = (page: Page) => hashOf(page);
/** Rows of the flame graph as the tree table gives them, with what is open. */
const tableRows = (page: Page) => page.locator('.flame-table tbody tr td:first-child').allInnerTexts();
/** Clicks the flame graph in a row (the root is row 0). */
const clickRow = (page: Page, row: number, options: { button?: 'right'; x?: number } = {}) =>
  page
    .locator('.flame-scroll')
    .first()
    .click({
      position: { x: options.x ?? 40, y: row * ROW + 10 },
      ...(options.button ? { button: options.button } : {}),
    });
/** Text with plain spaces. */
const plain = async (place: Locator) => (await place.innerText()).replaceAll('\u2009', ' ');
const boxes = (page: Page) =>
  page.evaluate(`Number(document.querySelector('${FLAME}').dataset.boxes)`) as Promise<number>;

describe('the page of a profile', () => {
  it('gives the answer, the facts, where the time went, and what to do next', async () => {
    const page = await openProfile();
    expect(await page.title()).toContain('holter cpu api-gateway pid 4711');
    expect(await page.locator('h1').innerText()).toContain('hashPassword takes 76 %');
    expect(await page.locator('.facts').innerText()).toContain('22.23.3');
    await expectColours(page, FLAME, ROOMS);
    expect(await page.locator('.hottest tbody tr').first().innerText()).toContain('hashPassword');
    expect(await page.locator('.next').innerText()).toContain('holter cpu diff');
    expect(await page.locator('.actions').innerText()).toContain('44');
    await expect.poll(() => page.locator('#source').innerText()).toContain('pbkdf2Sync');
    expect(await page.locator('.findings').count()).toBe(0);
    await page.close();
  });

  it('shows the load test and several threads', async () => {
    const page = await openProfile({ state: 'load' });
    await expect.poll(() => page.locator('main').innerText()).toContain('737');
    await page.getByLabel('Thread', { exact: true }).selectOption({ label: 'worker 3 resize' });
    await expect.poll(() => page.locator('.hottest tbody').innerText()).toContain('resize');
    await page.close();
  });
});

describe('views', () => {
  it('are walked with v, stand in the address, and come back from it', async () => {
    const page = await openProfile();
    for (const [label, address] of [
      ['Bottom-up', 'b=1'],
      ['Chart', 'w=chart'],
      ['Sandwich', 'w=sandwich'],
      ['Flame', ''],
    ] as const) {
      await page.keyboard.press('v');
      await expect.poll(() => pressed(page)).toBe(label);
      expect(await hash(page)).toContain(address);
      // All of the time at once is texture: no box is wide enough for the full colour.
      if (label === 'Chart') await expect.poll(() => boxes(page)).toBeGreaterThan(1000);
      else await expectColours(page, FLAME, { native: ROOMS.native });
    }
    await page.goBack();
    await expect.poll(() => pressed(page)).toBe('Sandwich');
    await page.close();
  });

  it('chart: zooms with the wheel, moves by drag, and everything else counts that time', async () => {
    const page = await openProfile({ hash: '#w=chart' });
    await expect.poll(() => boxes(page)).toBeGreaterThan(10);
    const area = (await page.locator('.flame-scroll').boundingBox())!;
    await page.mouse.move(area.x + area.width / 2, area.y + 30);
    await page.keyboard.down('Control');
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    await expect.poll(() => hash(page)).toMatch(/t=2\d\.\d+-2\d\.\d+/);
    const first = await hash(page);
    await expect.poll(() => page.locator('.hottest tbody tr').first().innerText()).toMatch(/ms/);
    await page.mouse.down();
    await page.mouse.move(area.x + area.width / 2 - 300, area.y + 30, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => hash(page)).not.toBe(first);
    await page.keyboard.press('Escape');
    await expect.poll(() => hash(page)).not.toContain('t=');
    await page.close();
  });

  it('chart: a plain wheel scrolls the page', async () => {
    const page = await openProfile({ hash: '#w=chart', height: 500 });
    const area = (await page.locator('.flame-scroll').boundingBox())!;
    await page.mouse.move(area.x + 200, area.y + 60);
    await page.mouse.wheel(0, 200);
    await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(0);
    expect(await hash(page)).not.toContain('t=');
    await page.close();
  });

  it('chart: the overview chooses a range, the keyboard walks from box to box', async () => {
    const page = await openProfile({ hash: '#w=chart' });
    const strip = (await page.locator('.timeline-overview').boundingBox())!;
    await page.mouse.move(strip.x + strip.width * 0.25, strip.y + 10);
    await page.mouse.down();
    await page.mouse.move(strip.x + strip.width * 0.26, strip.y + 12, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => hash(page)).toMatch(/t=22\.\d+-22\.\d+/);
    await page.locator('.flame-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await expect
      .poll(() => page.locator('.unseen[role=status]').textContent())
      .toMatch(/ms from second 2\d\.\d+, level 2/);
    await page.close();
  });

  it('sandwich: callers and callees of what is selected, and of what is opened in it', async () => {
    const page = await openProfile();
    await page.locator('.frame-name', { hasText: /^hashPassword$/ }).click();
    await page.keyboard.press('s');
    await expect.poll(() => page.locator('.sandwich-name').innerText()).toContain('7.62');
    expect(await page.locator('.half-title').allInnerTexts()).toEqual([
      expect.stringMatching(/^Callers \(1 direct\)/),
      expect.stringMatching(/^Callees \(1 direct\)/),
    ]);
    await page.keyboard.press('t');
    await expect.poll(() => tableRows(page)).toEqual(expect.arrayContaining(['▸login', '▸pbkdf2Sync']));
    await page.keyboard.press('t');
    // The row right above the root of the upper half is the direct caller.
    const upper = page.locator('.flame-scroll').first();
    const height = (await upper.boundingBox())!.height;
    await upper.dblclick({ position: { x: 50, y: height - ROW * 1.5 } });
    await expect.poll(() => page.locator('.sandwich-name').innerText()).toContain('login');
    await page.goBack();
    await expect.poll(() => page.locator('.sandwich-name').innerText()).toContain('hashPassword');
    await page.close();
  });
});

describe('transforms', () => {
  it('are offered by a menu, shown as crumbs, undone one by one and by Back', async () => {
    const page = await openProfile();
    await expectColours(page, FLAME, ROOMS);
    await clickRow(page, 10, { button: 'right' });
    const menu = page.getByRole('menu');
    await menu.getByRole('menuitem', { name: /^Focus on login/ }).click();
    await expect.poll(() => crumbs(page)).toEqual(['only with login ✕']);
    await page.keyboard.press('h');
    await expect.poll(() => crumbs(page)).toEqual(['only with login ✕', 'without login ✕']);
    expect(await hash(page)).toMatch(/x=o\d+\.h\d+/);
    await page.locator('.crumb').first().click();
    await expect.poll(() => crumbs(page)).toEqual(['without login ✕']);
    await page.goBack();
    await page.goBack();
    await expect.poll(() => crumbs(page)).toEqual(['only with login ✕']);
    await page.goBack();
    await expect.poll(() => crumbs(page)).toEqual([]);
    await page.close();
  });

  it('change the table too', async () => {
    const page = await openProfile();
    await page.locator('.frame-name', { hasText: /^query$/ }).click();
    await page.keyboard.press('o');
    await expect.poll(() => page.locator('.hottest tbody tr').count()).toBe(1);
    expect(await page.locator('.hottest tbody tr').innerText()).toContain('100.0');
    await page.close();
  });

  it('work from the keyboard alone', async () => {
    const page = await openProfile();
    await page.locator('.flame-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('m');
    const focused = () => page.evaluate('document.activeElement.textContent') as Promise<string>;
    await expect.poll(focused).toContain('Focus on processTicksAndRejections');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toContain('this path');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('menu').count()).toBe(0);
    expect(await page.evaluate('document.activeElement.className')).toContain('flame-scroll');
    await page.keyboard.press('Shift+F10');
    await page.keyboard.press('h');
    await expect.poll(() => crumbs(page)).toEqual(['without processTicksAndRejections ✕']);
    await page.close();
  });

  it('collapse recursion 10 000 deep', async () => {
    const page = await openProfile({ state: 'deep' });
    await expectColours(page, FLAME, { user: ROOMS.user });
    await clickRow(page, 0, { x: 5 });
    await page.evaluate("location.hash = '#x=m&v=table'");
    await expect.poll(() => crumbs(page)).toEqual(['mutual recursion collapsed: every function ✕']);
    await expect.poll(() => tableRows(page)).toContain('▸level0');
    await page.keyboard.press('t');
    const height = () =>
      page.evaluate("document.querySelector('.flame-scroll').scrollHeight") as Promise<number>;
    await expect.poll(height).toBe(41 * ROW);
    await page.close();
  });
});

describe('search', () => {
  it('walks through what it found, heaviest first', async () => {
    const page = await openProfile();
    await page.keyboard.press('/');
    await page.keyboard.type('/^(emit|list)/');
    await expect.poll(() => foot(page).innerText()).toMatch(/\d+ found · 9\d/);
    await page.keyboard.press('Enter');
    await expect.poll(() => foot(page).innerText()).toMatch(/1\. by weight/);
    await expect.poll(() => foot(page).innerText()).toMatch(/emit[\s\S]*node:events:524/);
    await page.keyboard.press('n');
    await expect.poll(() => foot(page).innerText()).toMatch(/2\. by weight/);
    await page.keyboard.press('Shift+N');
    await expect.poll(() => foot(page).innerText()).toMatch(/1\. by weight/);
    await page.close();
  });

  it('marks an expression that does not compile, and takes it for nothing', async () => {
    const page = await openProfile({ hash: '#q=/log(/' });
    await expect.poll(() => page.locator('#search').getAttribute('aria-invalid')).toBe('true');
    await expectColours(page, FLAME, ROOMS);
    expect(await foot(page).innerText()).toContain('Not an expression yet');
    await page.locator('#search').fill('/log/');
    await expect.poll(() => page.locator('#search').getAttribute('aria-invalid')).toBeNull();
    await page.close();
  });
});

describe('the table', () => {
  it('ranks functions, files and packages; a click on a file searches for it', async () => {
    const page = await openProfile();
    await page.getByRole('button', { name: 'Package', exact: true }).click();
    await page.getByLabel('Ranking').getByRole('button', { name: 'Self' }).click();
    await expect.poll(() => page.locator('.hottest tbody').innerText()).toContain('walker');
    expect(await hash(page)).toContain('g=package');
    await page.getByRole('button', { name: 'File', exact: true }).click();
    await page.getByLabel('Ranking').getByRole('button', { name: 'Charged to your code' }).click();
    await page.locator('.frame-name', { hasText: 'app/auth.js' }).click();
    await expect.poll(() => hash(page)).toMatch(/q=\/\^app\\\/auth/);
    await expect.poll(() => foot(page).innerText()).toMatch(/1 found/);
    await page.close();
  });

  it('sorts, and says so', async () => {
    const page = await openProfile();
    await page.locator('.sorter', { hasText: 'Function' }).click();
    await expect.poll(() => page.locator('.hottest th').first().getAttribute('aria-sort')).toBe('descending');
    const names = await page.locator('.hottest tbody tr td:first-child').allInnerTexts();
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
    await page.close();
  });
});

describe('other weights', () => {
  it('counts of folded stacks have no times: the chart is not offered', async () => {
    const page = await openProfile({ state: 'counts', hash: '#w=chart' });
    await expect.poll(() => pressed(page)).toBe('Flame');
    expect(await page.getByRole('button', { name: 'Chart', exact: true }).isDisabled()).toBe(true);
    expect(await page.locator('.hottest tbody tr').first().innerText()).toMatch(/hashPassword[\s\S]*7620\s/);
    expect(await page.locator('#flame-title').innerText()).toMatch(/Where 9256\s*samples/);
    await page.close();
  });

  it('bytes of a sampled heap', async () => {
    const page = await openProfile({ state: 'heap' });
    expect(await page.locator('#flame-title').innerText()).toMatch(/Where 37\.9\s*MB of memory came from/);
    await expectColours(page, FLAME, ROOMS);
    await page.close();
  });
});

describe('little or much', () => {
  it.each(['empty', 'single'] as const)('%s: says what there is', async (state) => {
    const page = await openProfile({ state });
    const text = state === 'empty' ? 'This profile is empty' : 'main thread';
    await expect.poll(() => page.locator('.flame').innerText()).toContain(state === 'empty' ? text : 'Flame');
    for (const key of ['v', 'v', 'v', 't', 'n', 'o', 'h', 'r', 'm', 's', 'b']) await page.keyboard.press(key);
    await expect.poll(() => page.locator('.flame').count()).toBe(1);
    await page.close();
  });

  it('60 000 nodes in every view', async () => {
    const page = await openProfile({ nodes: 60_000, hash: '#w=chart' });
    await expect.poll(() => boxes(page)).toBeGreaterThan(100);
    for (const view of ['Sandwich', 'Bottom-up', 'Flame']) {
      await page.getByRole('button', { name: view, exact: true }).click();
      await expect.poll(() => pressed(page)).toBe(view);
      await expectColours(page, FLAME, { native: ROOMS.native });
    }
    await page.close();
  });

  it.each([900, 500])('fits %d px in every view, also on paper', async (width) => {
    const page = await openProfile({ state: 'load', width, hash: '#x=o11.i' });
    for (let i = 0; i < 4; i++) {
      expect(await overflowOf(page), await pressed(page)).toBeLessThanOrEqual(0);
      await page.keyboard.press('v');
    }
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.segments').first().isVisible()).toBe(false);
    await page.close();
  });
});

describe('hostile names', () => {
  const hostile = `</script><img src=x onerror="window.broken=1"><script>window.broken=1</script>'"\`\u202e\u2028&lt;`;

  it('stay text in every view', async () => {
    const page = await openProfile({ hostile });
    for (let i = 0; i < 4; i++) await page.keyboard.press('v');
    await page.locator('.frame-name', { hasText: 'hashPassword' }).click();
    await page.keyboard.press('m');
    await expect.poll(() => page.getByRole('menu').innerText()).toContain('</script><img');
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    // The mark that turns text around is shown, not obeyed.
    expect(await page.locator('h1').innerText()).toContain('\ufffd');
    expect(await page.content()).not.toContain('\u202e');
    await page.close();
  });

  it('a hostile address changes nothing it should not', async () => {
    const page = await openProfile({
      hash: '#w=<img>&x=o99999.u99999.zz&y=99999&z=99999.9&s=77777.3&p=9&g=x&h=9',
    });
    await expect.poll(() => page.locator('.flame').innerText()).toContain('Flame');
    await page.close();
  });
});

describe('a page that cannot be read', () => {
  it('says so in words', async () => {
    const whole = renderHtmlPage(drawProfilePage());
    const cut = await opener.open(whole.replace(/(id="holter-data">[^<]{500})[^<]*/, '$1'));
    await expect.poll(() => cut.getByRole('alert').innerText()).toContain('damaged');
    const bare = await opener.open(whole.replace(/(id="holter-data">)[^<]*/, '$1'));
    await expect.poll(() => bare.getByRole('alert').innerText()).toContain('holds no recording');
    // Each is also an exception, for whoever looks there.
    expect(opener.complaints.splice(0).length).toBeGreaterThan(0);
    await cut.close();
    await bare.close();
  });
});

describe('the source panel', () => {
  const line = (page: Page, number: number) =>
    page.locator('.source-line', { has: page.locator('.number', { hasText: new RegExp(`^${number}$`) }) });

  it('marks the line that calls what is expensive, with what is its own and what is called', async () => {
    const page = await openProfile();
    const hot = line(page, 41);
    await expect.poll(() => hot.getAttribute('class')).toMatch(/\bhot\b/);
    expect(await page.locator('.source-line.hot').count()).toBe(1);
    expect(await plain(hot.locator('.share'))).toBe('82.3 %');
    expect(await plain(hot.locator('.called'))).toBe('82.2');
    expect(await hot.locator('u').allInnerTexts()).toEqual(['pbkdf2Sync']);
    expect((await hot.locator('.gutter').getAttribute('title'))!.replaceAll('\u2009', ' ')).toBe(
      'own 0.1 %, calls pbkdf2Sync 82.2 %',
    );
    expect(await plain(page.locator('.source-legend'))).toContain('calls out of your code');
    expect(await line(page, 39).locator('.share').innerText()).toBe('');
    await page.close();
  });

  it('counts the time range only', async () => {
    const page = await openProfile();
    const share = () => plain(line(page, 41).locator('.share'));
    await expect.poll(share).toBe('82.3 %');
    // In 3 ms there are 3 samples, all or two thirds of them in the call.
    await page.evaluate("location.hash = '#t=24.001-24.004'");
    await expect.poll(share).toMatch(/^(100|66\.7|33\.3)/);
    await page.close();
  });

  it('is walked by keyboard: hot lines with brackets, functions with Enter', async () => {
    const page = await openProfile();
    await page.locator('.source-scroll').focus();
    await page.keyboard.press(']');
    await expect.poll(() => line(page, 41).getAttribute('class')).toContain('stopped');
    expect(await plain(page.locator('.source-steps'))).toContain('hottest 1 of 1: line 41, 82.3 %');
    await page.locator('.start', { hasText: 'hashPassword' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => foot(page).innerText()).toMatch(/hashPassword[\s\S]*hottest line 41/);
    expect(await page.locator('.start[aria-pressed=true]').innerText()).toContain('hashPassword');
    await page.close();
  });

  it('says why there is nothing to mark', async () => {
    const page = await openProfile();
    await page.locator('.frame-name', { hasText: /^query$/ }).click();
    await expect
      .poll(() => page.locator('#source').innerText())
      .toContain('app/db.js:19: source not in the recording');
    await page.close();
  });
});

describe('the load panel', () => {
  it('gives percentiles, corrected and as measured, outcomes and what to know', async () => {
    const page = await openProfile({ state: 'load' });
    const rows = await page.locator('.percentiles tbody tr').allInnerTexts();
    const cells = Object.fromEntries(
      rows.map((row) => {
        const [label, ...values] = row.replaceAll('\u2009', ' ').split(/[\t\n]+/);
        return [label, values];
      }),
    );
    expect(cells).toMatchObject({
      p50: ['190 ms', '190 ms'],
      p95: ['556 ms', '556 ms'],
      p99: ['737 ms', '640 ms'],
      'p99.9': ['910 ms', '910 ms'],
      max: ['981 ms', '760 ms'],
    });
    expect(await plain(page.locator('.load-facts'))).toMatch(/59\.7 responses\/s[\s\S]*10 of 600, 1\.7 %/);
    expect(await plain(page.locator('.outcomes'))).toMatch(/200[\s\S]*590[\s\S]*503[\s\S]*7/);
    expect(await page.locator('.load-notes').innerText()).toContain('coordinated omission');
    await page.close();
  });

  it('is walked second by second with the arrow keys', async () => {
    const page = await openProfile({ state: 'load' });
    const slider = page.getByRole('slider', { name: /Second of the load test/ });
    expect(await slider.getAttribute('aria-valuetext')).toBe('whole test');
    await slider.focus();
    const spoken = async () => (await slider.getAttribute('aria-valuetext'))!.replaceAll('\u2009', ' ');
    await page.keyboard.press('ArrowRight');
    await expect.poll(spoken).toMatch(/^second from 0 s: responses \d/);
    for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
    await expect.poll(spoken).toMatch(/^second from 7 s: .*p99 \d+ ms/);
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(spoken).toMatch(/^second from 9 s/);
    expect(await plain(page.locator('.load-at'))).toContain('Second from 9 s');
    await page.keyboard.press('Tab');
    await expect.poll(spoken).toBe('whole test');
    await page.close();
  });
});

describe('the panel of actions', () => {
  it.each([1440, 500])('keeps what was done readable beside a long effect, %d px', async (width) => {
    const data = drawProfilePage();
    data.target!.actions.push({
      what: 'a guard stays for at most 10 minutes',
      at: '2026-11-22T22:14:38.000Z',
      pauseMs: 0,
      effect: 'closes the inspector should the loop open it when it turns again',
    });
    const page = await opener.open(renderHtmlPage(data), { width });
    const act = page.locator('.acts li').last();
    const what = (await act.locator('span').first().boundingBox())!;
    const effect = (await act.locator('.effect').boundingBox())!;
    const whole = (await act.boundingBox())!;
    expect(what.width).toBeGreaterThan(whole.width * 0.3);
    if (width > 760) expect(effect.width).toBeLessThanOrEqual(whole.width / 2 + 1);
    await page.close();
  });
});

describe('the page of a comparison', () => {
  const legend = (page: Page) => plain(page.locator('.difference-legend'));
  const colour = (page: Page, name: string) =>
    page.getByLabel('Colour of the boxes').getByRole('button', { name, exact: true });
  /** Node of the first stack in which `callee` is called by `caller`: the id of its box. */
  const stackOf = (caller: string, callee: string) => {
    const { nodes, frames } = drawDifferencePage().profiles[0]!;
    const nameOf = (node: number) => frames.name[nodes.frame[node]!];
    const node = nodes.parent.findIndex((above, i) => nameOf(above) === caller && nameOf(i) === callee);
    expect(node).toBeGreaterThan(0);
    return node;
  };
  /** Red minus blue in the middle of a row as wide as the graph: > 0 is more, < 0 is less. */
  const warmth = (page: Page, row: number) =>
    page.evaluate(`(() => {
      const canvas = document.querySelector('${FLAME}');
      const y = ((${row} + 0.5) * ${ROW} * canvas.height) / canvas.clientHeight;
      const [r, , b] = canvas.getContext('2d').getImageData(canvas.width / 2, y, 1, 1).data;
      return r - b;
    })()`) as Promise<number>;

  it('colours by change, gives the scale, and switches the width', async () => {
    const page = await openDifference();
    expect(await legend(page)).toMatch(/−15\.0 % less[\s\S]*\+15\.0 % more[\s\S]*change of the function/);
    const counts = await countColours(page, FLAME, ROOMS);
    expect(counts.native).toBe(0);
    await page.getByLabel('Width of the boxes').getByRole('button', { name: 'Before' }).click();
    await expect.poll(() => hash(page)).toContain('d=before');
    await page.locator('#search').fill('createSession');
    await expect.poll(() => foot(page).innerText()).toMatch(/1 found/);
    await page.getByLabel('Width of the boxes').getByRole('button', { name: 'After' }).click();
    await expect.poll(() => foot(page).innerText()).toMatch(/Nothing found/);
    await page.close();
  });

  it('colours code that is called from elsewhere now by its own change, or by that of the stack', async () => {
    const moved = stackOf('processTicksAndRejections', 'query');
    const page = await openDifference({ hash: `#s=${moved}&z=${moved}` });
    const below = () => plain(foot(page));
    await expect
      .poll(below)
      .toMatch(/function 4\.36 → 2\.\d+ % \(× 0\.5\d\), −[12]\.\d % of the whole · this stack new, 2\.\d+ %/);
    // Root, caller, and the box itself as wide as the window.
    await expect.poll(() => warmth(page, 2)).toBeLessThan(0);
    await page.keyboard.press('t');
    await expect.poll(() => plain(page.locator('.flame-table thead'))).toContain('Change of function');
    expect(await plain(page.locator('.flame-table tbody tr').first())).toMatch(/query[\s\S]*−[12]\.\d %/);
    await page.keyboard.press('t');

    await colour(page, 'Stack').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => hash(page)).toContain('k=stack');
    await expect
      .poll(below)
      .toMatch(/this stack new, 2\.\d+ %, \+2\.\d % of the whole · function 4\.36 → 2\.\d+ % \(× 0\.5\d\)/);
    await expect.poll(() => warmth(page, 2)).toBeGreaterThan(0);
    expect(await legend(page)).toContain('change of this stack alone');
    await page.keyboard.press('t');
    await expect.poll(() => plain(page.locator('.flame-table thead'))).toContain('Change of stack');
    expect(await plain(page.locator('.flame-table tbody tr').first())).toMatch(/query[\s\S]*\+2\.\d %/);
    await page.goBack();
    await page.goBack();
    await expect.poll(() => colour(page, 'Function').getAttribute('aria-pressed')).toBe('true');
    await page.close();
  });

  it('says before, after and change of what is pointed at, in the line below and beside the pointer', async () => {
    const page = await openDifference();
    await clickRow(page, 11);
    await expect
      .poll(() => plain(foot(page)))
      .toMatch(/function 89\.7 → 80\.\d % \(× 0\.\d\d\), −\d\.\d % of the whole/);
    // One stack only: there is no other figure to give.
    expect(await plain(foot(page))).not.toContain('this stack');
    await expect.poll(() => plain(page.getByRole('tooltip'))).toMatch(/function 89\.7 → /);
    await page.close();
  });

  it('selects in the graph what is picked in the table', async () => {
    const page = await openDifference();
    await page.getByRole('button', { name: 'listProducts' }).first().click();
    await expect.poll(() => foot(page).innerText()).toContain('listProducts');
    await page.close();
  });

  it('lists what changed: filters, sorts and picks by keyboard', async () => {
    const page = await openDifference();
    const panel = page.locator('.difference');
    const rows = async () =>
      (await panel.locator('tbody .frame-name').allInnerTexts()).map((one) => one.trim());
    // By size of the change; what may be noise is left out.
    expect(await rows()).toEqual(['listProducts', 'renderList', 'createSession']);
    expect(await plain(panel.locator('tbody tr').first())).toMatch(
      /2\.0 %\s+6\.1 %\s+\+4\.1 pt[\s\S]*3\.\d × as much/,
    );
    const press = async (name: string | RegExp, key: string) => {
      await panel.getByRole('button', { name }).focus();
      await page.keyboard.press(key);
    };
    await press('Only significant', 'Space');
    await expect.poll(rows).toEqual(['listProducts', 'renderList', 'createSession', 'hashPassword']);
    await press(/^Less/, 'Enter');
    await expect.poll(rows).toEqual(['createSession', 'hashPassword']);
    expect(await panel.locator('tbody tr').first().innerText()).toContain('gone');
    await press(/^More/, 'Enter');
    await expect.poll(rows).toEqual(['listProducts', 'renderList']);
    await press(/^All/, 'Enter');
    await press(/^Function/, 'Enter');
    await expect.poll(rows).toEqual(['createSession', 'hashPassword', 'listProducts', 'renderList']);
    expect(await panel.locator('th').first().getAttribute('aria-sort')).toBe('descending');
    await page.keyboard.press('/');
    await page.keyboard.type('list');
    await expect.poll(rows).toEqual(['listProducts', 'renderList']);
    await press('renderList', 'Enter');
    await expect.poll(() => plain(foot(page))).toMatch(/renderList[\s\S]*function new, /);
    await page.close();
  });
});
