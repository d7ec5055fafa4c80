import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildPageData } from '../../src/render/build-page-data.ts';
import { renderHtmlPage } from '../../src/render/html-page.ts';
import { drawVisit, type FixtureOptions } from '../../src/render/page.fixture.ts';
import {
  countColours,
  expectColours,
  hashOf,
  type OpenOptions,
  overflowOf,
  PageOpener,
} from './opened-page.ts';

/** Room colours of ui/src/styles/tokens.css: what must be found on the canvas. */
const LIGHT = {
  user: [251, 190, 95],
  dependency: [114, 176, 254],
  core: [190, 203, 212],
  native: [157, 108, 214],
};
const DARK = { user: [142, 88, 26], dependency: [45, 105, 177], core: [90, 94, 100], native: [84, 38, 147] };

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

interface Opening extends FixtureOptions, OpenOptions {}

/** Opens the page of a drawn visit from disk; console errors, exceptions and foreign requests fail the test. */
async function openPage(options: Opening = {}): Promise<Page> {
  const { evidence, report } = drawVisit(options);
  const data = buildPageData(evidence, report, {
    name: 'api-gateway-4711/',
    bytes: 3_100_000,
    holter: '1.0.0',
  });
  const page = await opener.open(renderHtmlPage(data), options);
  await page.locator('main').waitFor();
  return page;
}

const FLAME = '.flame-scroll canvas';
const foot = (page: Page) => page.locator('.flame-foot');
const hash = async (page: Page): Promise<string> => hashOf(page);
const overflow = overflowOf;

/** Drags over the charts from one second to another. */
async function brushSeconds(page: Page, from: number, to: number): Promise<void> {
  const box = (await page.locator('.time-overlay').boundingBox())!;
  const x = (seconds: number) => box.x + (box.width * seconds) / 30;
  await page.mouse.move(x(from), box.y + 40);
  await page.mouse.down();
  await page.mouse.move(x((from + to) / 2), box.y + 45);
  await page.mouse.move(x(to), box.y + 50);
  await page.mouse.up();
}

describe('the page of a sick server', () => {
  it('answers what, where, how sure and what now on the first screen', async () => {
    const page = await openPage();
    await expect.poll(() => page.locator('h1').innerText()).toContain('hashPassword');
    for (const part of ['h1', '.evidence', '.code-line.blamed', '.finding.selected .command .copy']) {
      const box = (await page.locator(part).first().boundingBox())!;
      expect(box.y + box.height, part).toBeLessThanOrEqual(900);
    }
    expect(await page.locator('.code-line.blamed').innerText()).toMatch(/76\.4.*41.*pbkdf2Sync/s);
    expect(await page.locator('.code-line u').innerText()).toBe('pbkdf2Sync');
    expect(await page.locator('.finding').count()).toBe(3);
    await page.close();
  });

  it('draws flame graph and charts in the colours of their rooms', async () => {
    const page = await openPage();
    await expectColours(page, FLAME, LIGHT);
    await expectColours(page, '[data-row="cpu"] canvas', { main: [180, 91, 0] });
    await expectColours(page, '[data-row="delay"] canvas', { critical: [168, 28, 20] });
    await expect.poll(() => foot(page).innerText()).toMatch(/hashPassword[\s\S]*app\/auth\.js:37/);
    await page.close();
  });

  it('finds a frame by search, zooms into it with Enter, and Back undoes', async () => {
    const page = await openPage();
    await page.keyboard.press('/');
    await page.keyboard.type('listProducts');
    await expect.poll(() => foot(page).innerText()).toMatch(/1 found/);
    expect(await hash(page)).toContain('q=listProducts');
    // Others pale: far less full colour of native frames is left.
    await expect.poll(async () => (await countColours(page, FLAME, LIGHT)).native).toBeLessThan(1000);
    await page.locator('.frame-name', { hasText: /^listProducts$/ }).click();
    await page.locator('.flame-scroll').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => hash(page)).toMatch(/z=\d+/);
    await expect
      .poll(() => foot(page).innerText())
      .toMatch(/listProducts[\s\S]*app\/routes\/products\.js:12/);
    await page.goBack();
    await expect.poll(() => hash(page)).not.toContain('z=');
    await page.close();
  });

  it('zooms with a double click and leaves with Escape', async () => {
    const page = await openPage();
    await page.locator('.flame-scroll').dblclick({ position: { x: 40, y: 20 * 10 + 10 } });
    await expect.poll(() => hash(page)).toMatch(/z=\d+/);
    await expect.poll(() => foot(page).innerText()).toContain('login');
    await page.keyboard.press('Escape');
    await expect.poll(() => hash(page)).not.toContain('z=');
    await page.close();
  });

  it('moves by keyboard and speaks the focused frame', async () => {
    const page = await openPage();
    await page.locator('.flame-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => foot(page).innerText()).toContain('pbkdf2Sync');
    await expect
      .poll(() => page.locator('.unseen[role=status]').textContent())
      .toMatch(/pbkdf2Sync, .* percent, level 12 of/);
    await page.close();
  });

  it('recounts flame, table and statistics inside a brush', async () => {
    const page = await openPage();
    const charged = () => page.locator('.hottest tbody tr').first().locator('td').nth(2).innerText();
    const whole = await charged();
    expect(whole).toMatch(/^7\.6/);
    const median = () => page.locator('[data-row="cpu"] .stats').first().innerText();
    const before = await median();
    await brushSeconds(page, 21, 23);
    await expect.poll(() => hash(page)).toMatch(/t=2[01]\.\d*-2[23]/);
    await expect.poll(charged).toMatch(/^1\.[67]/);
    await expect.poll(() => page.locator('#flame-title').innerText()).toContain('2.0');
    await page.locator('.pill').first().click();
    await expect.poll(charged).toBe(whole);
    await brushSeconds(page, 0, 3);
    await expect.poll(median).not.toBe(before);
    await expect.poll(() => page.locator('.flame .empty').innerText()).toContain('No samples here');
    await page.close();
  });

  it('turns the tree bottom-up, folds core, hides rooms, and shows it as a table', async () => {
    const page = await openPage();
    await page.keyboard.press('b');
    await expect.poll(() => hash(page)).toContain('b=1');
    await expectColours(page, FLAME, { native: LIGHT.native });
    await page.keyboard.press('b');
    await page.keyboard.press('f');
    await page.locator('.room', { hasText: 'Native' }).click();
    await expect.poll(async () => (await countColours(page, FLAME, LIGHT)).native).toBe(0);
    await page.keyboard.press('t');
    const grid = page.getByRole('treegrid');
    await expect.poll(() => grid.innerText()).toContain('hashPassword');
    expect(await grid.locator('[aria-selected=true]').innerText()).toContain('hashPassword');
    await page.close();
  });

  it('restores a whole view from its address', async () => {
    const page = await openPage({ hash: '#f=2&t=21.0-24.5&q=/^hash/&m=self&p=0' });
    await expect.poll(() => page.locator('#search').inputValue()).toBe('/^hash/');
    expect(await page.locator('.pill').first().innerText()).toContain('21.0–24.5');
    expect(await page.locator('[data-finding="1"]').getAttribute('open')).not.toBeNull();
    expect(await page.locator('.hottest [aria-label=Ranking] [aria-pressed=true]').innerText()).toBe('Self');
    await page.close();
  });

  it('switches findings with j, and threads with the list', async () => {
    const page = await openPage();
    await page.keyboard.press('j');
    await expect.poll(() => foot(page).innerText()).toContain('createSession');
    await page.getByLabel('Thread', { exact: true }).selectOption({ label: 'worker 3 resize' });
    await expect.poll(() => page.locator('.hottest tbody').innerText()).toContain('resize');
    await page.close();
  });

  it('follows the system into the dark and can be switched', async () => {
    const page = await openPage({ scheme: 'dark' });
    await expectColours(page, FLAME, DARK);
    await page.keyboard.press('d');
    await expectColours(page, FLAME, LIGHT);
    await page.close();
  });

  it('opens all findings and drops the controls on paper', async () => {
    const page = await openPage({ scheme: 'dark' });
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))");
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await expect.poll(() => page.locator('.finding[open]').count()).toBe(3);
    expect(await page.locator('#search').isVisible()).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(20, 24, 31)');
    await expectColours(page, FLAME, LIGHT);
    await page.close();
  });

  it.each([900, 400])('fits %d px without sideways scrolling', async (width) => {
    const page = await openPage({ width });
    await expectColours(page, FLAME, { native: LIGHT.native });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.close();
  });
});

describe('a profile of 60 000 nodes', () => {
  it('is drawn, searched and turned around', async () => {
    const page = await openPage({ nodes: 60_000 });
    await expectColours(page, FLAME, LIGHT);
    await page.locator('#search').fill('hashPassword');
    await expect.poll(() => foot(page).innerText()).toMatch(/1 found/);
    await page.locator('#search').fill('');
    await page.locator('.segments button', { hasText: 'Bottom-up' }).click();
    await expectColours(page, FLAME, { dependency: LIGHT.dependency, user: LIGHT.user });
    await page.close();
  });
});

describe('hostile names', () => {
  it('stay text: nothing runs, nothing breaks out', async () => {
    const hostile = `</script><img src=x onerror="window.broken=1"><script>window.broken=1</script>'"\`\u202e\u2028&lt;`;
    const page = await openPage({ hostile });
    await expect.poll(() => page.locator('.finding').count()).toBe(3);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('.finding').first().innerText()).toContain('</script><img src=x');
    expect(await page.locator('.facts').innerText()).toContain('window.broken=1');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.close();
  });

  it('cannot run even if they reached the document: the policy names one script', async () => {
    const page = await openPage();
    await page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'window.broken = 1';
      document.body.append(script);
    })()`);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(opener.complaints.splice(0).join()).toMatch(/Content Security Policy/);
    await page.close();
  });
});

describe('states with less to show', () => {
  it('healthy: says so, and what to run when users still complain', async () => {
    const page = await openPage({ state: 'healthy' });
    await expect.poll(() => page.locator('.findings').innerText()).toContain('No findings');
    expect(await page.locator('.findings .command').innerText()).toContain('holter watch 4711');
    expect(await page.locator('main').innerText()).toContain('No CPU profile in this recording');
    await expectColours(page, '[data-row="cpu"] canvas', { main: [180, 91, 0] });
    await page.close();
  });

  it('stuck: hatches what is not known and shows the stack', async () => {
    const page = await openPage({ state: 'stuck' });
    await expect.poll(() => page.locator('.stack').innerText()).toContain('app/views/list.js:88');
    expect(await page.locator('[data-row="utilisation"]').innerText()).toContain('no answer from inside');
    await page.close();
  });

  it('died: keeps the axis of the window that was asked for', async () => {
    const page = await openPage({ state: 'died' });
    await expect.poll(() => page.locator('.axis').innerText()).toContain('30');
    expect(await page.locator('[data-row="cpu"]').innerText()).toContain('exited');
    await page.close();
  });

  it('outside only: rows stay and say what they need', async () => {
    const page = await openPage({ state: 'outside' });
    await expect
      .poll(() => page.locator('[data-row="utilisation"]').innerText())
      .toContain('needs the inspector: SIGUSR1 is not caught');
    await page.close();
  });

  it('machine to blame: code findings wait behind one line', async () => {
    const page = await openPage({ state: 'machine' });
    await expect.poll(() => page.locator('.suspended > summary').innerText()).toContain('3 suspended');
    expect(await page.locator('[data-row="machine"]').innerText()).toContain('run-queue wait');
    expect(await page.locator('.verdict').innerText()).not.toContain('Not the machine');
    await page.close();
  });

  it('truncated: a banner gives the share that was read', async () => {
    const page = await openPage({ state: 'truncated' });
    await expect.poll(() => page.locator('.banner').innerText()).toContain('6 204 of about 9 981');
    await page.close();
  });
});
