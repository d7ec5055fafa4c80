import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built } from './built.ts';

/** Enough objects for a file of over 30 MB, from which on threads do the work; WeakMaps, because the threads pass those on. */
const PROGRAM = `
  class Item { constructor(i) { this.i = i; this.name = 'item ' + i; this.next = undefined; } }
  globalThis.items = []; globalThis.weak = new WeakMap();
  for (let i = 0; i < 300000; i++) {
    const item = new Item(i);
    if (i > 0) items[i - 1].next = item;
    if (i % 50 === 0) weak.set(item, { of: i });
    items.push(item);
  }
  require('node:v8').writeHeapSnapshot(process.argv[1]);
`;

describe('openHeap', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holter-open-'));
  const file = join(folder, 'a.heapsnapshot');
  beforeAll(() => {
    execFileSync(process.execPath, ['-e', PROGRAM, file]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says the same in two threads as in one', async () => {
    const { openHeap } = await built<typeof import('../../src/heap/open-heap.ts')>('heap/open-heap.js');
    const { analyseSnapshot } =
      await built<typeof import('../../src/heap/analyse-snapshot.ts')>('heap/analyse-snapshot.js');
    const stages = new Set<string>();
    let before = 0;
    const { snapshot, graph } = await openHeap(file, {
      index: false,
      onProgress({ stage, done }) {
        stages.add(stage);
        expect(done).toBeGreaterThanOrEqual(before);
        before = done;
      },
    });
    expect(snapshot.bytes).toBeGreaterThan(30e6);
    // Said by the thread of the tree only.
    expect(stages).toContain('numbering objects');
    expect(before).toBe(1);
    const alone = analyseSnapshot(snapshot);
    for (const column of ['dominator', 'distance', 'preorder', 'rank', 'subtree', 'userRoots'] as const)
      expect(Buffer.compare(bytesOf(graph[column]), bytesOf(alone[column])), column).toBe(0);
    for (const column of ['shallow', 'retained'] as const)
      expect(Buffer.compare(bytesOf(graph[column].low), bytesOf(alone[column].low)), column).toBe(0);
  });

  it('reads the same with a second thread for the edges, and of a file that is cut', async () => {
    const { readSnapshot } =
      await built<typeof import('../../src/heap/read-snapshot.ts')>('heap/read-snapshot.js');
    const { openStream } = await built<typeof import('../../src/base/byte-stream.ts')>('base/byte-stream.js');
    const text = readFileSync(file);
    const edges = text.indexOf('"edges"');
    const strings = text.indexOf('"strings"');
    const other = `${file}.other`;
    const isSame = async (path: string, partial: RegExp | undefined): Promise<void> => {
      const alone = await readSnapshot(openStream(path));
      const both = await readSnapshot(openStream(path), { threads: true });
      for (const column of ['nodeName', 'firstEdge', 'edgeTarget', 'edgeName'] as const)
        expect(Buffer.compare(bytesOf(both[column]), bytesOf(alone[column])), column).toBe(0);
      for (let node = 0; node < alone.nodeCount; node += 997)
        expect(both.strings.get(both.nodeName[node]!)).toBe(alone.strings.get(alone.nodeName[node]!));
      expect(both.partial).toBe(alone.partial);
      if (partial === undefined) expect(both.partial).toBeUndefined();
      else expect(both.partial).toMatch(partial);
    };
    try {
      await isSame(file, undefined);
      // Without a newline between rows, as other writers do.
      writeFileSync(other, text.toString('latin1').replaceAll(/\n(?=[,\]])/g, ''), 'latin1');
      await isSame(other, undefined);
      writeFileSync(other, text.subarray(0, (edges + strings) >> 1));
      await isSame(other, /references/);
      writeFileSync(other, text.subarray(0, edges >> 1));
      await isSame(other, /./);
      const damaged = Buffer.from(text);
      damaged[(edges + strings) >> 1] = 0x7a;
      writeFileSync(other, damaged);
      await isSame(other, /references/);
    } finally {
      rmSync(other, { force: true });
    }
  });

  it('finds the same again in the index it wrote', async () => {
    const { openHeap } = await built<typeof import('../../src/heap/open-heap.ts')>('heap/open-heap.js');
    const { summariseHeap } =
      await built<typeof import('../../src/heap/summarise-heap.ts')>('heap/summarise-heap.js');
    rmSync(`${file}.hsidx`, { force: true });
    const first = await openHeap(file);
    expect(first.snapshot.bytes).toBeGreaterThan(50e6);
    expect(first.indexWritten).toBeDefined();
    const summary = summariseHeap(first, { top: 12 });
    expect(await first.indexWritten).toBeUndefined();
    const stages: string[] = [];
    const again = await openHeap(file, { onProgress: ({ stage }) => stages.push(stage) });
    expect(stages).toEqual(['ready']);
    for (const column of ['dominator', 'distance', 'preorder'] as const)
      expect(Buffer.compare(bytesOf(again.graph[column]), bytesOf(first.graph[column])), column).toBe(0);
    expect([...again.answers.keys()]).toEqual(['summary 12 retained']);
    expect(summariseHeap(again, { top: 12 })).toEqual(summary);
    again.answers.clear();
    expect(summariseHeap(again, { top: 12 })).toEqual(summary);
    expect([...again.classes.key]).toEqual([...first.classes.key]);
    expect([...again.classes.retained]).toEqual([...first.classes.retained]);
    // A snapshot that has changed is read anew.
    appendFileSync(file, '\n');
    const changed = await openHeap(file, { onProgress: ({ stage }) => stages.push(stage) });
    expect(stages).toContain('reading');
    expect(await changed.indexWritten).toBeUndefined();
  });

  it('ends at once when it is told to, whatever it does', async () => {
    const { openHeap } = await built<typeof import('../../src/heap/open-heap.ts')>('heap/open-heap.js');
    for (const when of ['reading', 'numbering objects', 'finding dominators']) {
      const controller = new AbortController();
      const opening = openHeap(file, {
        index: false,
        signal: controller.signal,
        onProgress({ stage }) {
          if (stage === when) controller.abort();
        },
      });
      await expect(opening, when).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
    }
  });
});

function bytesOf(column: Uint32Array | Int32Array): Buffer {
  return Buffer.from(column.buffer as ArrayBuffer, column.byteOffset, column.byteLength);
}
