import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeapDiffJson } from '../../src/render/heap-diff-json.ts';
import type { HeapQueryJson } from '../../src/render/heap-query-text.ts';
import { HOLTER, runHolter } from './built.ts';

/** A service that leaks sessions, and has a cache that stays as large as it is: three snapshots of one process. */
const SERVICE = `
const { writeHeapSnapshot } = require('node:v8');
class Session {
  constructor(id) { this.token = 'token-' + id + '-' + 'x'.repeat(200); this.user = { id, name: 'user ' + id }; }
}
class Page { constructor(id) { this.html = ('page ' + id + ' ').repeat(30); } }
const sessions = new Map();
let cache = [];
function work(from, count) {
  for (let id = from; id < from + count; id++) sessions.set('s' + id, new Session(id));
  cache = Array.from({ length: 2000 }, (_, id) => new Page(id));
}
exports.sessions = sessions;
exports.cached = () => cache;
for (const [step, file] of process.argv.slice(2).entries()) {
  work(step * 1000, 1000);
  writeHeapSnapshot(file);
}
`;
const NODES = fileURLToPath(new URL('../nodes/node_modules', import.meta.url));
const TIMEOUT = 120_000;

let folder: string;
let service: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-heap-diff-'));
  service = join(folder, 'service.cjs');
  writeFileSync(service, SERVICE);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function snapshots(node: number, name: string): Promise<string[]> {
  const files = ['a', 'b', 'c'].map((step) => join(folder, `node${node}-${name}-${step}.heapsnapshot`));
  await promisify(execFile)(join(NODES, `node${node}/bin/node`), [service, ...files], { timeout: TIMEOUT });
  return files;
}

async function diff(...args: string[]): Promise<HeapDiffJson> {
  const { stdout, stderr, code } = await runHolter(['heap', 'diff', '--no-index', '--json', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as HeapDiffJson;
}

describe.each([18, 26])('heap diff, Node %i', (node) => {
  it(
    'has the leaking class first, with its holder and lines, and not the cache',
    async () => {
      const [a, b, c] = (await snapshots(node, 'first')) as [string, string, string];
      const two = await diff(a, b);
      expect(two.mode).toBe('ids');
      const sessions = two.classes.find(({ name }) => name === 'Session');
      expect(sessions).toMatchObject({ added: 1000, removed: 0, countBefore: 1000, countAfter: 2000 });
      // All pages are new and as many are gone: only the third snapshot tells them from a leak.
      expect(two.classes.find(({ name }) => name === 'Page')).toMatchObject({ added: 2000, removed: 2000 });

      const three = await diff(a, b, c);
      const [first] = three.classes;
      expect(first).toMatchObject({
        name: 'Session',
        added: 1000,
        countBefore: 1000,
        countAfter: 2000,
        countLast: 3000,
      });
      expect(first?.place).toBe(`${service}:4`);
      expect(first?.holders[0]).toMatchObject({ kind: 'Map', held: 1000 });
      expect(first?.holders[0]?.text).toContain('sessions');
      expect(three.classes.find(({ name }) => name === 'Page')?.added ?? 0).toBe(0);
      expect(three.containers[0]).toMatchObject({
        className: 'Map',
        entriesBefore: 1000,
        entriesAfter: 2000,
        entriesLast: 3000,
      });
      expect(three.headline).toMatch(/^Session \+1 000, held by .*sessions/);

      // Of another process the same ids stand for other things.
      const [, other] = (await snapshots(node, 'second')) as [string, string];
      const classes = await diff(a, other, '--by', 'classes');
      expect(classes.classes[0]).toMatchObject({ name: 'Session', countBefore: 1000, countAfter: 2000 });
      const swapped = await diff(b, a);
      expect(swapped.notes.join()).toContain('is newer than');
    },
    TIMEOUT,
  );
});

describe('on the command line', () => {
  let files: [string, string, string];
  beforeAll(async () => {
    files = (await snapshots(22, 'cli')) as [string, string, string];
  }, TIMEOUT);

  it(
    'ends with 4 over a limit, and writes what was asked for, for the user alone',
    async () => {
      const out = ['md', 'json', 'html'].map((kind) => join(folder, `diff.${kind}`));
      const { code, stdout } = await runHolter([
        'heap',
        'diff',
        '--no-index',
        files[0],
        files[1],
        '--fail-on',
        'Session>+500',
        '--fail-on',
        '+900%',
        ...out.flatMap((file) => ['-o', file]),
      ]);
      expect(code).toBe(4);
      expect(stdout).toContain('over the limit Session>+500: Session has 1 000 more');
      expect(stdout).not.toContain('over the limit +900%');
      for (const file of out) expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(out[0] as string, 'utf8')).toContain('`Session`');
      expect(
        (await runHolter(['heap', 'diff', '--no-index', files[0], files[1], '--fail-on', 'Session>+5000']))
          .code,
      ).toBe(0);
      expect((await runHolter(['heap', 'diff', files[0], files[1], '--fail-on', 'nonsense'])).code).toBe(2);
    },
    TIMEOUT,
  );

  it(
    'answers queries',
    async () => {
      const query = "select class, count(*), sum(retained) where class = 'Session' group by class";
      const { stdout, code } = await runHolter(['heap', 'query', files[1], query, '--json', '--no-index']);
      expect(code).toBe(0);
      const json = JSON.parse(stdout) as HeapQueryJson;
      expect(json.schema).toBe('holter.heap-query/1');
      expect(json.rows[0]?.slice(0, 2)).toEqual(['Session', 2000]);
      expect(json.rows[0]?.[2]).toBeGreaterThan(2000 * 200);
      const value = await runHolter([
        'heap',
        'query',
        files[1],
        "select prop('user', 'name') where prop('user', 'name') = 'user 7'",
        '--csv',
        '--no-index',
      ]);
      expect(value.stdout.split('\r\n')[1]).toBe('user 7');
      const wrong = await runHolter(['heap', 'query', files[1], 'select retaned', '--no-index']);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toMatch(/did you mean retained\?\n {2}select retaned\n {9}\^{7}/);
    },
    TIMEOUT,
  );

  it(
    'reads a script for the prompt from a pipe',
    async () => {
      const child = spawn(process.execPath, [HOLTER, 'heap', 'explore', files[1], '--no-index'], {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.stdin.end("pwd\ncd nowhere\nselect count(*) where class = 'Session'\nexit\nselect 1 + 1\n");
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(stdout).toMatch(/^global {2}@\d+\n2 000\n$/);
      expect(stderr).toContain('has no nowhere');
      expect(code).toBe(2);
    },
    TIMEOUT,
  );
});
