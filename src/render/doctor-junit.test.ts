import { describe, expect, it } from 'vitest';
import { FINDING_KINDS } from '../doctor/report.ts';
import { drawFinding, drawReport, HOSTILE } from './doctor-ci.fixture.ts';
import { renderDoctorJunit } from './doctor-junit.ts';

/** Elements of a well-formed document in order, with their attributes; throws where it is not well-formed. */
function readXml(text: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const body = text.replace(/^<\?xml version="1.0" encoding="UTF-8"\?>\n/, '');
  expect(body).not.toBe(text);
  const elements: ReturnType<typeof readXml> = [];
  const open: (typeof elements)[number][] = [];
  const token = /<(\/?)([a-z-]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const match = token.exec(body);
    if (match === null) throw new Error(`not well-formed at ${JSON.stringify(body.slice(at, at + 60))}`);
    const [, closing, name, attributes, selfClosing, between] = match;
    if (between !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot|#\d+);)/.test(between)) throw new Error('a bare &');
      if (open.length > 0) open.at(-1)!.text += plainText(between);
    } else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      const values = [...attributes!.matchAll(/([a-z]+)="([^"]*)"/g)];
      const element = {
        name: name!,
        attributes: Object.fromEntries(values.map(([, key, value]) => [key!, plainText(value!)])),
        text: '',
      };
      elements.push(element);
      if (selfClosing === '') open.push(element);
    }
  }
  expect(open).toEqual([]);
  return elements;
}

function plainText(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}

const render = (
  report: Parameters<typeof renderDoctorJunit>[0],
  failOn: 'note' | 'warning' | 'critical' = 'warning',
) => {
  const elements = readXml(renderDoctorJunit(report, { failOn }));
  const all = (name: string) => elements.filter((element) => element.name === name);
  return { all, suite: all('testsuite')[0]!.attributes };
};

describe('JUnit', () => {
  it('has one test case for each kind; what was not checked is skipped', () => {
    const report = { ...drawReport([]), checked: ['cpu-bound', 'gc-pressure'] as const };
    const { all, suite } = render({ ...report, checked: [...report.checked] });
    expect(all('testcase').map(({ attributes }) => attributes.name)).toEqual([...FINDING_KINDS]);
    expect(all('skipped')).toHaveLength(FINDING_KINDS.length - 2);
    expect(suite).toMatchObject({
      tests: String(FINDING_KINDS.length),
      failures: '0',
      skipped: String(FINDING_KINDS.length - 2),
      timestamp: '2026-11-22T22:14:07',
    });
  });

  it('fails the kinds found at or above the severity', () => {
    const report = drawReport([drawFinding()]);
    const { all, suite } = render(report);
    expect(suite.failures).toBe('1');
    const [failure] = all('failure');
    expect(failure?.attributes).toEqual({
      message: 'hash takes 80 % of the main thread',
      type: 'cpu-bound critical',
    });
    expect(failure?.text).toContain('at hash (src/with space#.js:41)\n    from handler (server.js:9)');
    expect(failure?.text).toContain('next: holter cpu 4711');
    const found = all('testcase').find(({ attributes }) => attributes.name === 'cpu-bound');
    expect(found?.attributes).toMatchObject({ file: 'src/with space#.js', line: '41' });
  });

  it('shows the rest as output', () => {
    const note = drawFinding({ severity: 'note' });
    expect(render(drawReport([note])).suite.failures).toBe('0');
    expect(render(drawReport([note])).all('system-out')[0]?.text).toContain('note: hash takes');
    expect(render(drawReport([note]), 'note').suite.failures).toBe('1');
    expect(render(drawReport([drawFinding({ severity: 'warning' })]), 'critical').suite.failures).toBe('0');
  });

  it('puts findings of one kind into one case', () => {
    const second = drawFinding({ title: 'render takes 15 %' });
    const { all, suite } = render(drawReport([drawFinding(), second]));
    expect(suite.failures).toBe('1');
    expect(all('failure')).toHaveLength(1);
    expect(all('failure')[0]?.text).toContain('render takes 15 %');
  });

  it('stays readable with hostile names', () => {
    const report = drawReport([drawFinding({ title: HOSTILE, advice: HOSTILE })]);
    const { all } = render({
      ...report,
      gaps: [HOSTILE],
      target: { ...report.target, name: HOSTILE, command: HOSTILE },
    });
    const text = renderDoctorJunit(report, { failOn: 'note' });
    expect([...text].filter((letter) => letter < ' ' && letter !== '\n')).toEqual([]);
    expect(text).not.toMatch(/\p{Surrogate}|\ufffe/u);
    expect(all('failure')[0]?.attributes.message).toContain(`]]><script>&"'\ufffd[31m`);
  });
});
