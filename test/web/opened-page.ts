import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

export interface OpenOptions {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
  hash?: string;
}

/** Opens pages from disk in Debian's Chromium and keeps what they complain about. */
export class PageOpener {
  private readonly browser: Browser;
  private readonly folder: string = mkdtempSync(join(tmpdir(), 'holter-page-'));
  private count = 0;
  /** Console errors and warnings, exceptions, requests to anything but the page itself. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async start(): Promise<PageOpener> {
    return new PageOpener(
      await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] }),
    );
  }

  async open(html: string, options: OpenOptions = {}): Promise<Page> {
    const file = join(this.folder, `page-${++this.count}.html`);
    writeFileSync(file, html);
    const page = await this.browser.newPage({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.scheme ?? 'light',
      reducedMotion: 'reduce',
    });
    const url = pathToFileURL(file).href;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      // Reading pixels back is the tests' doing, not the page's.
      if (message.text().includes('willReadFrequently')) return;
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      const wanted = request.url().split('#')[0];
      if (wanted !== url && !/^(data|blob):/.test(wanted!)) this.complaints.push(`request to ${wanted}`);
    });
    await page.goto(url + (options.hash ?? ''));
    return page;
  }

  /** A page that a server gives. Complains as `open` does, but for requests and for answers that are errors. */
  async visit(url: string): Promise<Page> {
    const page = await this.browser.newPage({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
      this.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How many pixels of a canvas have (about) each colour. In the page's words, because it runs there. */
export async function countColours(
  page: Page,
  selector: string,
  colours: Record<string, number[]>,
): Promise<Record<string, number>> {
  const script = `(() => {
    const canvas = document.querySelector(${JSON.stringify(selector)});
    if (!canvas || canvas.width === 0) return {};
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const wanted = ${JSON.stringify(colours)}, out = {};
    for (const name in wanted) {
      out[name] = 0;
      const [r, g, b] = wanted[name];
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 250 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 6) out[name]++;
    }
    return out;
  })()`;
  return (await page.evaluate(script)) as Record<string, number>;
}

export async function expectColours(
  page: Page,
  selector: string,
  colours: Record<string, number[]>,
): Promise<void> {
  await expect
    .poll(async () => {
      const counts = await countColours(page, selector, colours);
      return Object.keys(colours).filter((name) => !((counts[name] ?? 0) > 300));
    })
    .toEqual([]);
}

/** Address without `#`, decoded. */
export const hashOf = (page: Page): string => decodeURIComponent(new URL(page.url()).hash);
/** Pixels the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  ) as Promise<number>;
