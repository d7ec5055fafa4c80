import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildPageData } from './build-page-data.ts';
import { fillTemplate } from './html-page.ts';
import { drawVisit } from './page.fixture.ts';
import { unpackPage } from './page-codec.ts';
import type { DoctorPage } from './page-data.ts';

const HOSTILE = `</script><script>alert(1)</script><!-- ]]> '"\`\\ \u202e $& </title>`;
/** What matters of dist/ui/page.html. */
const TEMPLATE = readFileSync(new URL('../../ui/index.html', import.meta.url), 'utf8');
const BLOCK = /<script type="application\/octet-stream" id="holter-data">([^<]*)<\/script>/;

function drawPage(hostile: string): DoctorPage {
  const { evidence, report } = drawVisit({ hostile });
  return buildPageData(evidence, report, { name: 'rec/', bytes: 1, holter: '1.0.0' });
}

describe('fillTemplate', () => {
  const data = drawPage(HOSTILE);
  const html = fillTemplate(TEMPLATE, data);

  it('carries the data so that it can be read back, and nothing of it outside of the block', () => {
    const packed = BLOCK.exec(html)![1]!;
    expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/);
    const back = unpackPage(inflateRawSync(Buffer.from(packed, 'base64'))) as DoctorPage;
    expect(back.report.findings).toEqual(data.report.findings);
    expect(back.profiles[0]!.nodes).toEqual(data.profiles[0]!.nodes);
    expect(html.replace(BLOCK, '')).not.toContain('alert(1)</script>');
  });

  it('is named after its subject, as text', () => {
    const title = /<title>(.*?)<\/title>/s.exec(html)![1]!;
    expect(title).toContain('holter doctor api-gateway&lt;/script&gt;');
    expect(title).toContain('$&amp; &lt;/title&gt;');
    expect(title).not.toMatch(/[<\u202e]/);
  });

  it('refuses a template without a place for the data', () => {
    expect(() => fillTemplate('<html></html>', data)).toThrow(expect.objectContaining({ code: 'E_BUG' }));
  });
});
