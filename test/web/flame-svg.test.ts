import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallTreeBuilder, ROOT_FRAME } from '../../src/cpu/call-tree-builder.ts';
import { profileFromText } from '../../src/cpu/text-profile.fixture.ts';
import { renderFlameSvg } from '../../src/render/flame-svg.ts';

/** The SVG flame graph in a real browser: well-formed, nothing runs, text stays in its box, both themes. */

let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holter-svg-'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(svg: string, colorScheme: 'light' | 'dark' = 'light') {
  const file = join(folder, 'flame.svg');
  writeFileSync(file, svg);
  const page = await browser.newPage({ viewport: { width: 1240, height: 700 }, colorScheme });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

const TREE = profileFromText(`
  (idle) x10   handle@/srv/shop/a rather long/path/to/server.js:101 x40     handle@/srv/shop/a rather long/path/to/server.js:101   (garbage collector) x10
               createHmacOfTheWholeBody@/srv/shop/auth/session.js:4 x40     ünïcödé名前@/srv/shop/views/list.js:88 x3
`);

describe('the SVG flame graph', () => {
  it('keeps every text inside its box', async () => {
    const { page, complaints } = await open(
      renderFlameSvg(TREE, { title: 'shop', subtitle: '93 ms', cwd: '/srv/shop' }),
    );
    const overflows = await page.evaluate(`[...document.querySelectorAll('g > title')].flatMap((title) => {
      const box = title.parentNode.querySelector('rect').getBBox();
      return [...title.parentNode.querySelectorAll('text')]
        .filter((text) => text.getBBox().x < box.x - 0.5 || text.getBBox().x + text.getBBox().width > box.x + box.width + 0.5)
        .map((text) => text.textContent);
    })`);
    expect(overflows).toEqual([]);
    const texts = await page.locator('text').allTextContents();
    expect(texts).toContain('createHmacOfTheWholeBody auth/session.js:4');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each([
    ['light', 'rgb(251, 190, 95)', 'rgb(255, 255, 255)', 'rgb(20, 24, 31)'],
    ['dark', 'rgb(142, 88, 26)', 'rgb(21, 26, 32)', 'rgb(255, 255, 255)'],
  ] as const)('follows the system: %s', async (scheme, user, background, text) => {
    const { page } = await open(renderFlameSvg(TREE, { title: 'shop' }), scheme);
    const colour = (selector: string, property: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}`);
    expect(await colour('g > title ~ .user', 'fill')).toBe(user);
    expect(await colour('svg', 'backgroundColor')).toBe(background);
    expect(await colour('g > title ~ text', 'fill')).toBe(text);
    await page.close();
  });

  it('runs nothing and stays whole with hostile names', async () => {
    const hostile = `</text></g></svg><script>window.broken=1</script><image href="x" onerror="window.broken=1"/>]]>&lt;"'\u0000\u2028\ud800`;
    const builder = new CallTreeBuilder('microseconds');
    const row = builder.frameRow({
      ...ROOT_FRAME,
      name: hostile,
      file: hostile,
      line: 3,
      category: 'js',
      party: 'user',
    });
    builder.addSelf(builder.child(0, row), 5000);
    const { page, complaints } = await open(
      renderFlameSvg(builder.finish({ from: 0, to: 5 }), { title: hostile, subtitle: hostile }),
    );
    expect(await page.locator('parsererror, script, image').count()).toBe(0);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.locator('g > title').last().textContent()).toContain('</text></g></svg><script>');
    expect(complaints).toEqual([]);
    await page.close();
  });
});
