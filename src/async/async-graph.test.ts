import { describe, expect, it } from 'vitest';
import { buildWaitGraph, type WaitGraph } from './async-graph.ts';
import { drawTable } from './async-log.fixture.ts';
import { buildWaitSummary } from './build-wait-summary.ts';

function graphOf(text: string, more: Parameters<typeof drawTable>[1] = {}): WaitGraph {
  const table = drawTable(text, more);
  return buildWaitGraph(table, buildWaitSummary(table));
}

function named({ nodes }: WaitGraph): string[] {
  return nodes.map(({ role, name, groups }) =>
    role === 'wait' ? `${groups[0]!.kind} ${groups[0]!.subject}`.trim() : name || role,
  );
}

/** `GET /a > peer db:1 2`, sorted. */
function edgesOf(graph: WaitGraph): string[] {
  const names = named(graph);
  return graph.edges.map(({ from, to, count }) => `${names[from]} > ${names[to]} ${count}`).sort();
}

describe('buildWaitGraph', () => {
  it('leads from the route over each wait to what was begun after it', () => {
    // handler: await queue, then a question, then two things at once: the trigger of the last two is the first await.
    const graph = graphOf(`
      request 1 GET /orders/7 0-100 run=2
      PROMISE 7 - 0-60 r1 <-2 @/pool.js:8<query/db.js:40
      PROMISE 8 - 0-80 r1 <-2 @load/app.js:7
      peer -3 db:1 60-80 r1 <7 @query/db.js:41
      PROMISE 9 - 60-80 r1 <7 @query/db.js:41
      Timeout 10 5_ms 80-85 r1 <8 @price/app.js:9
      client_request -5 GET_http://stock/items/7 80-98 r1 <8 @stock/app.js:12`);
    expect(edgesOf(graph)).toEqual([
      'GET /orders/:id > promise 1',
      'peer db:1 > http-client GET http://stock/items/:id 1',
      'peer db:1 > timer 5 ms 1',
      'promise > peer db:1 1',
    ]);
    expect(graph.nodes[0]).toMatchObject({
      role: 'route',
      count: 1,
      waitMs: 100,
      runMs: 2,
      share: Number.NaN,
    });
    expect(graph.nodes[1]).toMatchObject({ role: 'wait', share: 60, waitMs: 60, waitingNow: 0 });
  });

  it('says whose code begins an operation', () => {
    const graph = graphOf(
      `
      request 1 GET / 0-100
      peer -3 db:1 0-50 r1 <-2 @send/node_modules/pg/client.js:3<query/db.js:41
      FSREQCALLBACK 9 - 50-100 r1 <-3 @read/app.js:3`,
    );
    expect(graph.nodes.slice(1)).toMatchObject([
      { party: 'dependency', package: 'pg' },
      { party: 'user', package: '' },
    ]);
  });

  it('counts what has no stack for the lines that are known, and draws no way through it', () => {
    const graph = graphOf(`
      request 1 GET / 0-100
      peer -3 db:1 0-50 r1 <-2 @a/app.js:1
      peer -5 db:1 50-90 r1 <-3 @b/app.js:2
      request 2 GET / 0-100
      peer -7 db:1 0-50 r2 <-4
      peer -9 db:1 50-90 r2 <-7`);
    const [route, a, b] = graph.nodes;
    expect(route?.count).toBe(2);
    expect([a?.count, b?.count]).toEqual([2, 2]);
    expect(edgesOf(graph)).toEqual(['GET / > peer db:1 2', 'peer db:1 > peer db:1 2']);
  });

  it('without requests leads from the program’s start, or from before the recording', () => {
    const graph = graphOf(`
      Timeout 5 60000_ms 0- <1 @refresh/app.js:6
      Timeout 6 1000_ms 0- <99 @poll/app.js:9
      Timeout 7 2000_ms 10- <6 @late/app.js:9`);
    expect(edgesOf(graph)).toEqual([
      'before > timer 1000 ms 1',
      'start > timer 60000 ms 1',
      'timer 1000 ms > timer 2000 ms 1',
    ]);
    expect(graph.nodes.every(({ waitingNow, role }) => role !== 'wait' || waitingNow === 1)).toBe(true);
  });

  it('stays small: many lines and routes become one node each, numbers stay whole', () => {
    const lines = Array.from(
      { length: 300 },
      (_, i) => `
        request ${i + 1} GET /route${i}x ${i}-${i + 100}
        peer ${-2 * i - 1001} db:${i} ${i}-${i + 50} r${i + 1} <${-2 * (i + 1)} @f${i}/app.js:${i + 1}`,
    );
    const graph = graphOf(lines.join('\n'));
    expect(graph.nodes.filter(({ role }) => role === 'route')).toHaveLength(9);
    expect(graph.nodes.filter(({ role }) => role === 'wait').length).toBeLessThanOrEqual(24);
    const merged = graph.nodes.find(({ role }) => role === 'merged');
    expect(merged?.groups.length).toBeGreaterThan(100);
    expect(graph.edges.length).toBeLessThan(120);
    const routes = graph.nodes.filter(({ role }) => role === 'route');
    expect(routes.reduce((sum, { count }) => sum + count, 0)).toBe(300);
    expect(routes.some(({ name }) => name === 'other routes')).toBe(true);
  });

  it('ends where triggers go round in a circle, and of an empty log has nothing', () => {
    const graph = graphOf(`
      request 1 GET / 0-100
      PROMISE 7 - 0-60 r1 <8
      PROMISE 8 - 0-60 r1 <7
      peer -3 db:1 60-80 r1 <7 @query/db.js:41`);
    expect(graph.edges.every(({ from, to }) => from < graph.nodes.length && to < graph.nodes.length)).toBe(
      true,
    );
    expect(graphOf('')).toEqual({ nodes: [], edges: [] });
  });
});
