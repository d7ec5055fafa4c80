import type { PageData } from '../../src/render/page-data.ts';

/** Reads the data block that src/render/html-page.ts filled. Throws when the page was opened as a bare template. */
export function readPageData(): PageData {
  const text = document.getElementById('holter-data')?.textContent ?? '';
  if (text.trim() === '') throw new Error('this page holds no recording: make one with holter doctor <pid>');
  const data = JSON.parse(text) as PageData;
  if (data.schema !== 'holter.page/1') throw new Error(`unknown page data ${String(data.schema)}`);
  return data;
}
