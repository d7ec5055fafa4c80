import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/base/byte-source.ts';
import type { CallTree } from '../../src/cpu/call-tree.ts';
import { readCpuProfile } from '../../src/cpu/cpuprofile.ts';
import { aggregateFunctions } from '../../src/cpu/functions.ts';
import type { NamedTree } from '../../src/cpu/profile-file.ts';
import { readSpeedscope } from '../../src/cpu/read-speedscope.ts';
import { profileFromText } from '../../src/cpu/text-profile.fixture.ts';
import { type WritableFormat, writeProfile } from '../../src/cpu/write-profile.ts';
import { installOracles } from '../oracles/install.mjs';

/** Files that holter writes, opened in the real speedscope (test/oracles) in Chromium, and what it shows of them. */

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
let browser: Browser;
let server: Server;
let folder: string;
let origin: string;

beforeAll(async () => {
  const app = join(await installOracles(), 'node_modules/speedscope/dist/release');
  folder = mkdtempSync(join(tmpdir(), 'holter-speedscope-'));
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = basename(decodeURIComponent(path)) || 'index.html';
    const file = join(path.startsWith('/files/') ? folder : app, name);
    if (!existsSync(file)) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
        .end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  /** What speedscope made of the file, as it exports it. */
  exported: NamedTree[];
  /** The table of its sandwich view. */
  table: string;
  importer: string;
}

/** Opens a file of the folder in speedscope. */
async function openIn(name: string): Promise<Seen> {
  const page = await browser.newPage({ acceptDownloads: true, viewport: { width: 1200, height: 900 } });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(
    `${origin}/index.html#profileURL=${encodeURIComponent(`${origin}/files/${encodeURIComponent(name)}`)}`,
  );
  await expect
    .poll(() => said.find((text) => /^import: /.test(text)) ?? said.join('\n'), { timeout: 20_000 })
    .toMatch(/^import: /);
  await page.getByText('Sandwich').click();
  let table = '';
  await expect
    .poll(async () => {
      table = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
      return table;
    })
    .toMatch(/Symbol Name .*%\)/);
  const download = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  const path = join(folder, `exported-${name}.json`);
  await (await download).saveAs(path);
  await page.close();
  const { profiles } = readSpeedscope(openFile(path), {});
  return { exported: profiles, table, importer: said.find((text) => text.startsWith('Importing')) ?? '' };
}

function write(name: string, format: WritableFormat, profiles: NamedTree[]): string {
  const pieces = [...writeProfile(format, profiles, { name: 'shop' })];
  writeFileSync(join(folder, name), Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array))));
  return name;
}

/** Self and total by name in ms, to a hundredth. */
function weights(tree: CallTree): Record<string, [self: number, total: number]> {
  const out: Record<string, [number, number]> = {};
  const round = (value: number) => Math.round(value / 10) / 100;
  for (const { name, self, total } of aggregateFunctions(tree)) {
    const known = out[name] ?? [0, 0];
    out[name] = [round(known[0] * 1000 + self), round(known[1] * 1000 + total)];
  }
  return out;
}

const DRAWN = profileFromText(`
  main@/srv/shop/server.js:3:10          main@/srv/shop/server.js:3:10   (idle) x20   (garbage collector) x4   tick@node:timers:5:1 x3
  hash@/srv/shop/auth.js:41:7 #44 x30    parse@/srv/shop/json.js:9:5 x13
  pbkdf2@node:internal/crypto:62:1 x30
`);
const FIXTURE = join(import.meta.dirname, '../fixtures/cpuprofile/22.23.3/busy.cpuprofile');

describe.each([
  ['pprof', 'shop.pb.gz', 'Importing as protobuf encoded pprof file'],
  ['speedscope', 'shop.speedscope.json', 'Importing as speedscope json file'],
] as const)('speedscope opens %s of holter', (format, name, importer) => {
  it('with every function, weight and place', async () => {
    const seen = await openIn(write(name, format, [{ name: 'main', tree: DRAWN }]));
    expect(seen.importer).toBe(importer);
    const { tree } = seen.exported[0]!;
    expect(tree.total[0]).toBeCloseTo(DRAWN.total[0]!, 3);
    expect(weights(tree)).toEqual(weights(DRAWN));
    const places = (of: CallTree) =>
      aggregateFunctions(of)
        .map((row) => `${row.name} ${row.file}:${row.line}`)
        .sort();
    // speedscope takes a pprof line that ran for the line of the function.
    const moved = (text: string) => (format === 'pprof' ? text.replace('auth.js:41', 'auth.js:44') : text);
    expect(places(tree).map(moved)).toEqual(places(DRAWN).map(moved));
    expect(seen.table).toContain('30.00ms (43%) 30.00ms (43%) pbkdf2');
    expect(seen.table).toContain('43.00ms (61%) 0.00ns (<0.01%) main');
  });

  it('of a real profile', async () => {
    const tree = readCpuProfile(readFileSync(FIXTURE));
    const seen = await openIn(write(`busy-${name}`, format, [{ name: 'main', tree }]));
    expect(weights(seen.exported[0]!.tree)).toEqual(weights(tree));
  });
});

describe('speedscope', () => {
  it('shows all threads of a speedscope file', async () => {
    const worker = profileFromText('resize@/srv/shop/worker.js:1:1 x5');
    const seen = await openIn(
      write('threads.speedscope.json', 'speedscope', [
        { name: 'main', tree: DRAWN },
        { name: 'worker 1', tree: worker },
      ]),
    );
    expect(seen.exported.map(({ name, tree }) => [name, tree.total[0]])).toEqual([
      ['main', 70_000],
      ['worker 1', 5000],
    ]);
  });

  it('shows bytes of an allocation profile', async () => {
    const tree = profileFromText('grow@/srv/shop/a.js:1:1 x3   keep@/srv/shop/b.js:1:1', { unit: 'bytes' });
    const seen = await openIn(write('heap.pb.gz', 'pprof', [{ name: 'live', tree }]));
    expect(seen.exported[0]!.tree.unit).toBe('bytes');
    expect(weights(seen.exported[0]!.tree)).toEqual(weights(tree));
    expect(seen.table).toContain('3.00 KB (75%) 3.00 KB (75%) grow');
  });

  it('opens a .cpuprofile of holter', async () => {
    const seen = await openIn(write('shop.cpuprofile', 'cpuprofile', [{ name: 'main', tree: DRAWN }]));
    const exported = weights(seen.exported[0]!.tree);
    const own = weights(DRAWN);
    // speedscope leaves (idle) and the like out, and gives a sample the time since the one before.
    for (const name of ['pbkdf2', 'parse', 'tick']) {
      expect(Math.abs(exported[name]![0] - own[name]![0]), name).toBeLessThanOrEqual(1);
    }
    expect(Math.abs(exported.main![1] - own.main![1])).toBeLessThanOrEqual(1);
  });
});
