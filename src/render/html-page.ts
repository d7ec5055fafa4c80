import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { HolterError } from '../base/errors.ts';
import { packPage } from './page-codec.ts';
import type { PageData } from './page-data.ts';

/**
 * Where `vite build` leaves the template. The second place is the one seen from `src/`, where tests run this file
 * uncompiled.
 */
const TEMPLATES = [
  new URL('../ui/page.html', import.meta.url),
  new URL('../../dist/ui/page.html', import.meta.url),
];
const PLACEHOLDER = '<script type="application/octet-stream" id="holter-data"></script>';

/** Level 1 packs columns nearly as well as 9, in a quarter of the time. */
const COMPRESSION_LEVEL = 1;

/** Text for an element's content. Direction marks are dropped: a title bar must not be turned around by a name. */
function escapeText(text: string): string {
  return text
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}

function readTemplate(): string {
  for (const url of TEMPLATES) {
    try {
      return readFileSync(url, 'utf8');
    } catch {
      // Not built here: the other place may have it.
    }
  }
  throw new HolterError('E_BUG', 'the page template dist/ui/page.html is missing from this installation', {
    hint: 'reinstall holter, or in a checkout: npm run build',
  });
}

/**
 * The self-contained HTML page of a recording: one document, nothing loaded from anywhere.
 * Throws HolterError E_BUG when the template was not built or has no place for the data.
 */
export function renderHtmlPage(data: PageData): string {
  return fillTemplate(readTemplate(), data);
}

const POLICY = "default-src 'none'";

/**
 * The same page for a local server: it may ask the server it came from, and nobody else.
 * Throws HolterError E_BUG as renderHtmlPage does, and when the template has no policy.
 */
export function renderServedPage(data: PageData): string {
  const template = readTemplate();
  if (!template.includes(POLICY))
    throw new HolterError('E_BUG', 'the page template has no content security policy', {
      hint: 'npm run build',
    });
  return fillTemplate(
    template.replace(POLICY, () => `${POLICY}; connect-src 'self'`),
    data,
  );
}

/** The template with title and data in it. Throws HolterError E_BUG when it has no place for the data. */
export function fillTemplate(template: string, data: PageData): string {
  const at = template.indexOf(PLACEHOLDER);
  if (at < 0) {
    throw new HolterError('E_BUG', 'the page template has no place for the data', { hint: 'npm run build' });
  }
  const { verb, name, detail } = data.subject;
  const title = `holter ${verb} ${name} ${detail}`.trim();
  // Base64 holds nothing that could end the element.
  const packed = deflateRawSync(packPage(data), { level: COMPRESSION_LEVEL }).toString('base64');
  const block = PLACEHOLDER.replace('></', () => `>${packed}</`);
  const head = template
    .slice(0, at)
    .replace(/<title>[^<]*<\/title>/, () => `<title>${escapeText(title)}</title>`);
  return head + block + template.slice(at + PLACEHOLDER.length);
}
