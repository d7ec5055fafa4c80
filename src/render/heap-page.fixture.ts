import { analyseSnapshot } from '../heap/analyse-snapshot.ts';
import { type DrawnNode, drawSnapshot } from '../heap/graph-drawing.fixture.ts';
import { type Heap, makeHeap } from '../heap/heap.ts';
import type { HeapDifference } from '../heap/heap-difference.ts';
import { summariseHeap } from '../heap/summarise-heap.ts';
import { buildHeapDifferencePage, buildHeapPage, type HeapPageInput } from './build-heap-page.ts';
import type { HeapDifferencePage, HeapPage } from './page-data.ts';

/** Names that would do harm if a page took them for anything but text. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '__proto__',
  'constructor',
  'a\u202egnp.exe',
  `long ${'x'.repeat(1019)}`,
  '',
];

export interface HeapFixtureOptions {
  /** Classes of one object each beside those of the story. */
  classes?: number;
  /** Names of further classes. */
  names?: readonly string[];
  sessions?: number;
}

/** A shop whose `app.sessions` holds sessions that each hold a text. */
export function drawHeap({ classes = 0, names = [], sessions = 400 }: HeapFixtureOptions = {}): Heap {
  const nodes: DrawnNode[] = [
    { edges: [[1, 'global', 'shortcut']] },
    { name: 'global', size: 100, edges: [[2, 'app']] },
    { name: 'App', size: 64, edges: [[3, 'sessions']] },
    { name: 'Map', size: 32, edges: [[4, 'table', 'internal']] },
    { name: '', type: 'array', size: 8 * sessions + 16, edges: [] },
  ];
  for (let i = 0; i < sessions; i++) {
    const at = nodes.length;
    nodes[4]!.edges!.push([at, i, 'internal']);
    nodes.push({ name: 'Session', size: 200, edges: [[at + 1, 'token']] });
    nodes.push({ name: i % 2 === 0 ? 'guest' : `token ${i}`, type: 'string', size: 120 });
  }
  const others = [...names, ...Array.from({ length: classes }, (_, i) => `Class${i}`)];
  for (const [i, name] of others.entries()) {
    nodes[2]!.edges!.push([nodes.length, `other${i}`]);
    nodes.push({ name, size: 100 + i });
  }
  const snapshot = drawSnapshot(nodes, 'shop.heapsnapshot');
  return makeHeap(snapshot, analyseSnapshot(snapshot));
}

/** Page of that heap, with one suspect drawn by hand. */
export function drawHeapPage(
  options: HeapFixtureOptions & { quiet?: boolean; input?: Partial<HeapPageInput> } = {},
): HeapPage {
  const heap = drawHeap(options);
  const bytes = heap.graph.retained.get(3);
  const share = bytes / heap.graph.retained.get(0);
  return buildHeapPage(heap, summariseHeap(heap, { top: 50 }), {
    verb: 'heap show',
    file: 'shop.heapsnapshot',
    holter: '0.1.0',
    cwd: '/srv/shop',
    suspects: {
      suspects: options.quiet
        ? []
        : [
            {
              detector: 'accumulation',
              title: 'Session × 400 in app.sessions (Map)',
              what: 'Session',
              count: 400,
              bytes,
              bytesAre: 'retained',
              share,
              holders: [
                {
                  node: 3,
                  text: 'global.app.sessions',
                  kind: 'Map',
                  held: 400,
                  place: { function: 'login', file: '/srv/shop/session.js', line: 9, column: 1, package: '' },
                  path: [
                    { edge: -1, node: 1, edgeText: 'global', className: 'global' },
                    { edge: 1, node: 2, edgeText: 'app', className: 'App' },
                  ],
                },
              ],
              place: undefined,
              evidence: ['each keeps 320 B'],
              advice: 'Call `sessions.delete` when a session ends.',
              nodes: [3, 5],
            },
          ],
      explained: options.quiet ? 0 : share,
      quiet: ['timers', 'duplicate-modules'],
    },
    next: [{ command: 'holter heap diff shop.heapsnapshot LATER', note: 'what grew' }],
    ...options.input,
  });
}

/** Comparison of two snapshots of the shop; `last` makes it three. */
export function drawHeapDifferencePage(
  options: { last?: boolean; names?: readonly string[] } = {},
): HeapDifferencePage {
  const change = (name: string, added: number, removed: number, each: number, place = '') => ({
    name,
    place,
    countBefore: 1000,
    countAfter: 1000 + added - removed,
    ...(options.last ? { countLast: 1000 + added - removed } : {}),
    added,
    removed,
    addedBytes: added * each,
    removedBytes: removed * each,
    retainedDelta: (added - removed) * each * 3,
    holders: [],
  });
  const difference: HeapDifference = {
    mode: 'ids',
    modeReason: '97 % of 1000 common ids have the same type and name',
    beforeName: '/tmp/a.heapsnapshot',
    afterName: '/tmp/b.heapsnapshot',
    ...(options.last ? { lastName: '/tmp/c.heapsnapshot', totalLast: 76e6 } : {}),
    totalBefore: 61e6,
    totalAfter: 74e6,
    added: { count: 20_000, bytes: 13e6 },
    removed: { count: 300, bytes: 20_000 },
    classes: [
      {
        ...change('Session', 14_000, 0, 200, '/srv/shop/session.js:9'),
        holders: [
          {
            node: 3,
            text: 'global.app.sessions',
            kind: 'Map',
            held: 14_000,
            place: undefined,
            path: [],
          },
        ],
      },
      change('Array', 200, 100, 50),
      change('Order', 0, 100, 400),
      ...(options.names ?? []).map((name, i) => change(name, 1, 0, 10 + i)),
    ],
    containers: [
      {
        node: 3,
        id: 7,
        className: 'Map',
        path: 'global.app.sessions',
        entriesBefore: 1000,
        entriesAfter: 15_000,
        retainedBefore: 3e5,
        retainedAfter: 4e6,
        newBytes: 3.7e6,
      },
    ],
    notes: [],
  };
  return buildHeapDifferencePage(difference, {
    verb: 'heap diff',
    holter: '0.1.0',
    cwd: '/srv/shop',
    fileBytes: 1e8,
    next: [],
  });
}
