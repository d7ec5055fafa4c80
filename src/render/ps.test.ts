import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import { type PsRow, renderPs } from './ps.ts';

const plain = { columns: 80, color: false, unicode: true };

function row(changes: Partial<PsRow>): PsRow {
  return {
    pid: 4711,
    node: '22.23.3',
    cpuPercent: 94,
    rssBytes: 216e6,
    uptimeSeconds: 6 * 86_400 + 4 * 3600,
    threads: 13,
    ports: [3000],
    inspector: null,
    name: 'api-gateway',
    command: 'node server.js',
    container: null,
    problem: null,
    ...changes,
  };
}

const ROWS = [
  row({}),
  row({
    pid: 4802,
    node: '24.21.0',
    cpuPercent: 2,
    rssBytes: 88e6,
    threads: 11,
    ports: [3001],
    name: 'mailer',
  }),
  row({
    pid: 5120,
    node: '20.20.2',
    cpuPercent: 0,
    rssBytes: 61e6,
    uptimeSeconds: 7200,
    threads: 11,
    ports: [],
    name: 'worker.js',
    container: 'jobs-7f9c',
  }),
  row({
    pid: 5133,
    node: '18.20.8',
    cpuPercent: null,
    rssBytes: null,
    uptimeSeconds: 720,
    threads: null,
    ports: [],
    name: '(other user)',
    problem: 'no permission',
  }),
];

describe('renderPs', () => {
  test('80 columns, as in the reference', () => {
    expect(renderPs(ROWS, plain)).toBe(
      `   PID  NODE      CPU     RSS  UP     THR  PORT   NAME            CONTAINER
  4711  22.23.3  94 %  216 MB  6d 4h   13  :3000  api-gateway     -
  4802  24.21.0   2 %   88 MB  6d 4h   11  :3001  mailer          -
  5120  20.20.2   0 %   61 MB  2h      11  -      worker.js       jobs-7f9c
  5133  18.20.8   - %    - MB  12m      -  -      (other user)    no permission
4 Node processes.  holter doctor <pid | name | :port>
`,
    );
  });
  test('40 columns', () => {
    expect(renderPs(ROWS, { ...plain, columns: 40 })).toBe(
      `  PID  NODE  CPU     RSS  NAME
 4711    22 94 %  216 MB  api-gateway
 4802    24  2 %   88 MB  mailer
 5120    20  0 %   61 MB  worker.js
 5133    18  - %    - MB  no permission
`,
    );
  });
  test('hostile and long texts: one line each, never wider than the terminal', () => {
    const hostile = row({
      name: `evil\u001b[2J\nname\u202e ${'x'.repeat(300)}`,
      container: '名'.repeat(60),
      command: '\u0007'.repeat(50),
      ports: [65_535, 1, 2],
      pid: 4_194_303,
      node: '23.0.0-nightly20240601abcdef',
      rssBytes: 123_456_789_012,
      cpuPercent: 1599,
      uptimeSeconds: 9e8,
    });
    for (const columns of [20, 40, 59, 60, 80, 81, 110, 200]) {
      const text = renderPs([...ROWS, hostile], { ...plain, columns });
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      const lines = text.split('\n');
      expect(lines.filter((line) => line.includes('4194303') || line.includes('41943…'))).toHaveLength(1);
      if (columns >= 40)
        for (const line of lines) expect(textWidth(line), `${columns}: ${line}`).toBeLessThanOrEqual(columns);
    }
  });
  test('colour only when asked: busy in yellow, units dim; the text is the same', () => {
    const coloured = renderPs(ROWS, { ...plain, color: true });
    expect(coloured).toContain('\u001b[33m94\u001b[0m\u001b[90m %\u001b[0m');
    expect(coloured).not.toContain('\u001b[33m2\u001b');
    expect(stripVTControlCharacters(coloured)).toBe(renderPs(ROWS, plain));
  });
  test('an open inspector is told, nothing found is told', () => {
    expect(renderPs([row({ inspector: 9229 })], plain)).toContain(
      'inspector open  :9229  api-gateway (4711)',
    );
    expect(renderPs([row({})], plain)).toContain('1 Node process.  ');
    expect(renderPs([], plain)).toBe('No Node process to be seen.\nholter doctor -- node app.js\n');
  });
  test('no UTF-8: only ASCII', () => {
    const text = renderPs([row({ name: 'größe 名 '.repeat(20) })], { ...plain, unicode: false });
    expect(text).toMatch(/^[\n\u0020-\u007e]*$/);
  });
  test('a wide terminal shows the command', () => {
    expect(renderPs(ROWS, { ...plain, columns: 140 })).toContain('node server.js');
  });
});
