import { describe, expect, it } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import { drawLoad } from '../load/load-result.fixture.ts';
import { renderLoadJson } from './load-json.ts';
import { renderLoad } from './load-terminal.ts';

const plain = { columns: 80, color: false, unicode: true };
const closed = drawLoad();
delete closed.rate;
delete closed.uncorrectedLatency;
closed.latency = { ...closed.latency, corrected: false };
closed.requests = { total: 988, ok: 988, non2xx: 0, errors: 0, timeouts: 0 };
closed.statuses = { 200: 988 };
closed.notes = ['closed loop: each connection waits for its answer before it asks again'];

describe('renderLoad', () => {
  it('draws a constant rate on 80 columns', async () => {
    await expect(renderLoad(drawLoad(), plain)).toMatchFileSnapshot('golden/load-80.txt');
  });

  it('draws it on 40 columns', async () => {
    await expect(renderLoad(drawLoad(), { ...plain, columns: 40 })).toMatchFileSnapshot('golden/load-40.txt');
  });

  it('draws a closed loop', async () => {
    await expect(renderLoad(closed, plain)).toMatchFileSnapshot('golden/load-closed-80.txt');
  });

  it('fits every width, in ASCII too, and colour adds no character', () => {
    for (const columns of [30, 39, 40, 59, 60, 79, 80, 100, 200]) {
      const text = renderLoad(drawLoad(), { ...plain, columns });
      for (const line of text.split('\n')) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
      const painted = renderLoad(drawLoad(), { ...plain, columns, color: true });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences are what is taken away.
      expect(painted.replace(/\u001b\[[0-9;]*m/g, '')).toBe(text);
      const ascii = renderLoad(drawLoad(), { ...plain, columns, unicode: false });
      expect(ascii).toMatch(/^[\n -~]*$/);
      expect(ascii).not.toContain('?');
    }
  });

  it('shows what is not known as such, and no line of the server’s moves the cursor', () => {
    const unknown = Number.NaN;
    const foreign = drawLoad({
      url: 'http://x/\u001b[2J',
      method: '',
      connections: unknown,
      throughput: { requestsPerSecond: 50, bytesPerSecond: unknown },
      latency: { ...drawLoad().latency, p999: unknown, p75: unknown, mean: unknown },
      histogram: [],
      perSecond: [],
      statuses: {},
      notes: ['measured by wrk'],
    });
    const text = renderLoad(foreign, plain);
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('\u001b');
    expect(text).toMatch(/since due +1\.2 ms +- +42 ms/);
    expect(text).not.toContain('responses by latency');
  });
});

describe('renderLoadJson', () => {
  it('has the schema first and no number JSON does not know', () => {
    const text = renderLoadJson(drawLoad({ seconds: 10.000_123_4 }));
    expect(text).toMatch(/^\{\n {2}"schema": "holter.load\/1"/);
    const parsed = JSON.parse(text);
    expect(parsed.seconds).toBe(10);
    expect(parsed.perSecond[3].p99).toBeNull();
    expect(parsed.latency).toEqual(drawLoad().latency);
  });
});
