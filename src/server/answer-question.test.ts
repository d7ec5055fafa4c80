import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { drawHeap } from '../render/heap-page.fixture.ts';
import { makeAnswerer } from './answer-question.ts';
import type { HeapQuestion, ObjectAnswer, QueryAnswer, RowsAnswer } from './questions.ts';

const heap = drawHeap();
const answer = makeAnswerer(heap, '/srv/shop');
const ask = <T>(question: HeapQuestion) => answer(question) as Promise<T>;
/** Ids of drawn nodes: 2 · ordinal + 1. */
const APP = 5;
const SESSIONS = 7;
const FIRST_SESSION = 11;

it('describes an object: class, sizes, way, lists', async () => {
  const map = await ask<ObjectAnswer>({ ask: 'object', id: SESSIONS });
  expect(map).toMatchObject({
    id: SESSIONS,
    className: 'Map',
    type: 'object',
    retained: heap.graph.retained.get(3),
  });
  expect(map.pathText).toBe('global.app.sessions');
  expect(map.path.at(-1)?.id).toBe(SESSIONS);
  expect(map.dominators.map(({ className }) => className)).toEqual(['App', 'global']);
  expect([map.references, map.retainers]).toEqual([1, 1]);
});

it('lists references, retainers and what is kept, a page at a time', async () => {
  const references = await ask<RowsAnswer>({ ask: 'references', id: FIRST_SESSION, from: 0, count: 10 });
  expect(references).toMatchObject({
    total: 1,
    rows: [{ edge: 'token', edgeType: 'property', text: '"guest"' }],
  });
  const retainers = await ask<RowsAnswer>({ ask: 'retainers', id: SESSIONS, from: 0, count: 10 });
  expect(retainers).toMatchObject({ total: 1, rows: [{ id: APP, className: 'App', edge: 'sessions' }] });
  const kept = await ask<RowsAnswer>({ ask: 'dominated', id: 9, from: 390, count: 20 });
  expect(kept.total).toBe(400);
  expect(kept.rows).toHaveLength(10);
});

it('lists instances in every order, both ways', async () => {
  for (const sort of ['retained', 'shallow', 'distance', 'id'] as const) {
    const question = { ask: 'instances', class: 'Session', sort, from: 0, count: 500 } as const;
    const down = await ask<RowsAnswer>({ ...question, up: false });
    const up = await ask<RowsAnswer>({ ...question, up: true });
    expect(down.total).toBe(400);
    const value = (row: RowsAnswer['rows'][number]) => row[sort];
    const order = (rows: RowsAnswer['rows']) => rows.map(value);
    const ascending = [...order(down.rows)].sort((a, b) => a - b);
    const smallFirst = sort === 'id' || sort === 'distance';
    expect(order(down.rows)).toEqual(smallFirst ? ascending : ascending.toReversed());
    expect(order(up.rows)).toEqual(smallFirst ? ascending.toReversed() : ascending);
  }
});

it('answers queries, and says where one is wrong', async () => {
  const text = "select class, count(*) from objects where class = 'Session' group by class";
  expect(await ask<QueryAnswer>({ ask: 'query', text })).toMatchObject({
    rows: [['Session', 400]],
    more: false,
  });
  await expect(ask({ ask: 'query', text: 'select clas from objects' })).rejects.toThrow(/\^/);
});

it('refuses what is no question with a HolterError, whatever it is', async () => {
  for (const bad of [
    undefined,
    null,
    [],
    { ask: 'toString' },
    { ask: 'object', id: -1 },
    { ask: 'object', id: 2 ** 40 },
    { ask: 'instances', class: '__proto__', sort: 'retained', from: 0, count: 1 },
    { ask: 'references', id: APP, from: 1e300, count: 1 },
  ])
    await expect(answer(bad)).rejects.toThrow(HolterError);
  await fc.assert(
    fc.asyncProperty(
      fc.object({ key: fc.constantFrom('ask', 'id', 'from', 'count', 'text') }),
      async (body) => {
        await answer(body).catch((error: unknown) => expect(error).toBeInstanceOf(HolterError));
      },
    ),
    { numRuns: 100 },
  );
});
