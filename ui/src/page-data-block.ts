import { unpackPage } from '../../src/render/page-codec.ts';
import type { PageData } from '../../src/render/page-data.ts';

/**
 * Reads the data block that src/render/html-page.ts filled: base64 of deflate of packed columns.
 * Throws Error with a sentence for the reader when the page is a bare template, of another version, damaged, or when
 * the browser cannot inflate.
 */
export async function readPageData(): Promise<PageData> {
  const text = (document.getElementById('holter-data')?.textContent ?? '').trim();
  if (text === '') throw new Error('This page holds no recording: make one with holter doctor <pid>.');
  if (typeof DecompressionStream === 'undefined') {
    throw new Error(
      'This browser is too old for this page: it cannot inflate data (DecompressionStream: Chrome 103, Firefox 113, Safari 16.4).',
    );
  }
  let data: PageData;
  try {
    data = withoutDirectionMarks(unpackPage(await inflate(bytesOf(text)))) as PageData;
  } catch (error) {
    throw new Error(`The data of this page is damaged, as if the file had been cut: ${String(error)}`);
  }
  if (data.schema !== 'holter.page/2') throw new Error(`Unknown page data ${String(data.schema)}.`);
  return data;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Marks that turn the direction of text become visible replacement characters, everywhere in the data: a name must not
 * turn around the sentence it stands in, and code must read as it runs.
 */
function withoutDirectionMarks(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(MARKS, '\ufffd');
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = withoutDirectionMarks(value[i]);
    return value;
  }
  const out = value as Record<string, unknown>;
  for (const [key, entry] of Object.entries(out)) {
    // Keys are names of ours, or paths of sources, which must stay equal to those of the frames.
    const clean = withoutDirectionMarks(key) as string;
    if (clean !== key) delete out[key];
    out[clean] = withoutDirectionMarks(entry);
  }
  return out;
}
