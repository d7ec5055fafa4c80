import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObjectAnswer, RowsAnswer } from '../../src/server/questions.ts';
import { HOLTER, runHolter, until } from './built.ts';

const NODE = (version: string) =>
  fileURLToPath(new URL(`../nodes/node_modules/node${version}/bin/node`, import.meta.url));
const PROGRAM = `
  class Session { constructor(i) { this.token = 'token ' + i; } }
  globalThis.app = { sessions: new Map() };
  for (let i = 0; i < 2000; i++) app.sessions.set(i, new Session(i));
  require('v8').writeHeapSnapshot(process.argv[1]);
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-server-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeSnapshot(version: string): Promise<string> {
  const file = join(folder, `${version}.heapsnapshot`);
  const child = spawn(NODE(version), ['-e', PROGRAM, file], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve(file) : reject(new Error(`exit code ${code}`))));
  });
}

/** `holter open` while `use` runs with its address; how it ended after Ctrl-C. */
async function serve(args: string[], use: (url: URL) => Promise<void>): Promise<{ code: number | null }> {
  const child = spawn(process.execPath, [HOLTER, 'open', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<{ code: number | null }>((resolve) =>
    child.once('close', (code) => resolve({ code })),
  );
  try {
    await until(
      () => out.includes('\n') || child.exitCode !== null,
      60_000,
      `the address of the page: ${err}`,
    );
    expect(err).toBe('');
    await use(new URL(out.trim()));
  } finally {
    child.kill('SIGINT');
  }
  return ended;
}

const ask = async <T>(url: URL, body: unknown): Promise<T> => {
  const token = url.pathname.replaceAll('/', '');
  const response = await fetch(new URL('/ask', url), {
    method: 'POST',
    headers: { 'x-holter-token': token },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};

it.each(['18', '26'])('open serves a snapshot of Node %s until Ctrl-C', async (version) => {
  const file = await writeSnapshot(version);
  const { code } = await serve([file, '--no-index'], async (url) => {
    expect(url.hostname).toBe('127.0.0.1');
    const html = await (await fetch(url)).text();
    expect(html).toContain("connect-src 'self'");
    const instances = await ask<RowsAnswer>(url, {
      ask: 'instances',
      class: (await classKey(url)) ?? '',
      sort: 'retained',
      up: false,
      from: 1990,
      count: 100,
    });
    expect(instances.total).toBe(2000);
    expect(instances.rows).toHaveLength(10);
    const one = await ask<ObjectAnswer>(url, { ask: 'object', id: instances.rows[0]!.id });
    expect(one.className).toBe('Session');
    expect(one.pathText).toContain('app.sessions');
    // Nobody else of this machine gets in without the token, and nothing listens elsewhere.
    expect((await fetch(new URL('/', url))).status).toBe(404);
    expect(await refuses('::1', Number(url.port))).toBe(true);
  });
  expect(code).toBe(0);
});

/** By way of a query and one of its objects: keys have script ids in them. */
async function classKey(url: URL): Promise<string | undefined> {
  const { rows } = await ask<{ rows: number[][] }>(url, {
    ask: 'query',
    text: "select id from objects where class = 'Session' limit 1",
  });
  return (await ask<ObjectAnswer>(url, { ask: 'object', id: rows[0]![0]! })).classKey;
}

function refuses(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

it('open -o writes a page that needs no server; packed and renamed files are known', async () => {
  const file = await writeSnapshot('22');
  const packed = join(folder, 'packed.bin.heapsnapshot.gz');
  writeFileSync(packed, gzipSync(readFileSync(file)));
  const renamed = join(folder, 'download');
  writeFileSync(renamed, readFileSync(file));
  for (const [i, path] of [packed, renamed].entries()) {
    const page = join(folder, `${i}.html`);
    const { code, stderr } = await runHolter(['open', path, '--no-index', '-o', page]);
    expect([code, stderr]).toEqual([0, '']);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('connect-src');
  }
});

it('a file that is no snapshot is told, and the command ends', async () => {
  const broken = join(folder, 'broken.heapsnapshot');
  writeFileSync(broken, '{"snapshot":{"meta":');
  const { code, stderr } = await runHolter(['open', broken]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/E_FILE_(TRUNCATED|FORMAT)/);
});
