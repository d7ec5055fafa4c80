import { readFileSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import type { PageData } from './page-data.ts';

/**
 * Where `vite build` leaves the template. The second place is the one seen from `src/`, where tests run this file
 * uncompiled.
 */
const TEMPLATES = [
  new URL('../ui/page.html', import.meta.url),
  new URL('../../dist/ui/page.html', import.meta.url),
];
const PLACEHOLDER = '<script type="application/json" id="holter-data"></script>';

/**
 * JSON that is safe inside a `<script>` element: no `<` (so neither `</script>` nor `<!--`), and no U+2028/9, which
 * ended a line in older JavaScript. The result is still the same JSON document.
 */
export function escapeJsonForHtml(json: string): string {
  return json
    .replace(/</g, '\\u003c')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}

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
  const template = readTemplate();
  const at = template.indexOf(PLACEHOLDER);
  if (at < 0) {
    throw new HolterError('E_BUG', 'the page template has no place for the data', { hint: 'npm run build' });
  }
  const { target } = data.report;
  const title = `holter doctor ${target.name} (${target.pid})`;
  const block = PLACEHOLDER.replace('></', () => `>${escapeJsonForHtml(JSON.stringify(data))}</`);
  const page = template.slice(0, at) + block + template.slice(at + PLACEHOLDER.length);
  return page.replace(/<title>[^<]*<\/title>/, () => `<title>${escapeText(title)}</title>`);
}
