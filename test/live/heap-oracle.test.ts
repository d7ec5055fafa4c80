import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevToolsHeap, readWithDevTools } from '../oracles/devtools-heap.mjs';
import { differentClasses, differentComparison, differentNodes } from '../oracles/heap-differences.mjs';
import { installOracles } from '../oracles/install.mjs';
import { built } from './built.ts';

/**
 * Every node and every class of real snapshots, against Chrome DevTools' own worker (test/oracles): shallow and retained
 * size, immediate dominator, distance, DOM state; name, count, sizes and distance of each class; added and gone objects.
 */
const POPULATION = fileURLToPath(new URL('../../bench/heap/population.cjs', import.meta.url));
const NODES = fileURLToPath(new URL('../nodes/node_modules', import.meta.url));
const VERSIONS = [18, 20, 22, 24, 26];
const TIMEOUT = 120_000;

const { openHeap } = await built<typeof import('../../src/heap/open-heap.ts')>('heap/open-heap.js');
const { compareHeaps } =
  await built<typeof import('../../src/heap/compare-heaps.ts')>('heap/compare-heaps.js');
const { NODE_TYPES } = await built<typeof import('../../src/heap/snapshot.ts')>('heap/snapshot.js');

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holter-heap-oracle-'));
  await installOracles();
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fills a process of that Node version and writes its heap. */
async function populate(node: number, how: string, second?: string): Promise<string> {
  const out = join(folder, `node${node}-${how}.heapsnapshot`);
  const customers = how === 'write' ? '2000' : '1200';
  const args = [
    POPULATION,
    customers,
    out,
    '--how',
    how,
    ...(second === undefined ? [] : ['--second', second]),
  ];
  await promisify(execFile)(join(NODES, `node${node}/bin/node`), args, { timeout: TIMEOUT });
  return out;
}

/** Of the nodes and classes of a file, with what DevTools says about it when it has been asked already. */
async function differences(path: string, asked?: DevToolsHeap): Promise<string[]> {
  const heap = await openHeap(path, { index: false });
  expect(heap.snapshot.partial).toBeUndefined();
  expect(heap.classes.count).toBeGreaterThan(20);
  const devtools = asked ?? (await readWithDevTools(path));
  expect(heap.graph.retained.get(0) + heap.snapshot.extraNativeBytes).toBe(devtools.total);
  return [...differentNodes(heap, devtools, NODE_TYPES), ...differentClasses(heap, devtools)];
}

describe.each(VERSIONS)('a heap of Node %i', (node) => {
  it(
    'is counted as DevTools counts it, and compared with a later one',
    async () => {
      const later = join(folder, `node${node}-later.heapsnapshot`);
      const first = await populate(node, 'write', later);
      expect(await differences(first)).toEqual([]);
      const devtools = await readWithDevTools(later, { comparison: first });
      expect(await differences(later, devtools)).toEqual([]);
      const [before, after] = [
        await openHeap(first, { index: false }),
        await openHeap(later, { index: false }),
      ];
      const difference = compareHeaps(before, after);
      expect(difference.mode).toBe('ids');
      expect(devtools.comparison?.find(({ name }) => name === 'Customer')?.addedCount).toBe(200);
      expect(differentComparison(difference, devtools)).toEqual([]);
    },
    TIMEOUT,
  );

  it.each(['internals', 'numbers', 'tracking'])(
    'written with %s is counted as DevTools counts it',
    async (how) => {
      expect(await differences(await populate(node, how))).toEqual([]);
    },
    TIMEOUT,
  );
});

describe('a heap of Chromium', () => {
  it(
    'with elements outside the document is counted as DevTools counts it',
    async () => {
      const path = join(folder, 'chromium.heapsnapshot');
      await writeChromiumHeap(path);
      const heap = await openHeap(path, { index: false });
      const detached = heap.graph.detachedness?.filter((state) => state === 2).length ?? 0;
      expect(detached).toBeGreaterThan(300);
      expect(heap.classes.name).toContain('Detached <li>');
      expect(await differences(path)).toEqual([]);
    },
    TIMEOUT,
  );
});

async function writeChromiumHeap(path: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.setContent('<ul id="shown"></ul><iframe srcdoc="<p>inside</p>"></iframe><svg><rect/></svg>');
    await page.evaluate(`
      globalThis.kept = [];
      class Row { constructor(i) { this.id = i; this.element = document.createElement('li'); this.element.textContent = 'row ' + i; } }
      for (let i = 0; i < 400; i++) {
        const row = new Row(i);
        row.element.addEventListener('click', () => row.id++);
        if (i % 4 === 0) document.getElementById('shown').append(row.element);
        else if (i % 4 === 1) { const parent = document.createElement('section'); parent.className = 'gone'; parent.append(row.element); }
        kept.push(row);
      }
      globalThis.weak = new WeakMap(kept.map((row) => [row.element, { row }]));`);
    const session = await page.context().newCDPSession(page);
    writeFileSync(path, '');
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => appendFileSync(path, chunk));
    await session.send('HeapProfiler.enable');
    await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  } finally {
    await browser.close();
  }
}
