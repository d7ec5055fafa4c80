import { describe, expect, it } from 'vitest';
import { compareHeaps } from './compare-heaps.ts';
import { findBreaches, parseHeapLimit } from './difference-limit.ts';
import { type DrawnNode, drawHeap } from './query-heap.fixture.ts';

interface Service {
  /** Sessions in `app.sessions`, by number. */
  sessions: number[];
  /** Entries of `app.cache`. */
  cache?: number;
  /** Strings nobody but `app.log` has. */
  lines?: number;
  /** Distance between ids of another process. */
  shift?: number;
  /** Added to all names, so that nothing is the same. */
  suffix?: string;
}

/** A service with Sessions (each with a token and data), a cache and a log; ids as V8 counts them up. */
function service({ sessions, cache = 3, lines = 2, shift = 0, suffix = '' }: Service, name = 'heap') {
  const nodes: DrawnNode[] = [];
  const add = (
    id: number,
    type: DrawnNode['type'],
    text: string,
    self: number,
  ): DrawnNode & { at: number } => {
    const node = { id: id + shift, type, name: text + suffix, self, edges: [], at: nodes.length };
    nodes.push(node);
    return node;
  };
  const root = add(1 - shift, 'synthetic', '', 0);
  const global = add(3, 'object', 'global', 100);
  const app = add(5, 'object', 'App', 40);
  const list = add(7, 'object', 'Array', 32);
  const store = add(9, 'array', '', 16 + 8 * sessions.length);
  const entries = add(11, 'object', 'Object', 50);
  const log = add(13, 'object', 'Array', 32);
  root.edges.push(['element', 1, global.at]);
  global.edges.push(['property', 'app', app.at]);
  app.edges.push(
    ['property', 'sessions', list.at],
    ['property', 'cache', entries.at],
    ['property', 'log', log.at],
  );
  list.edges.push(['internal', 'elements', store.at]);
  // Others of the program, the same in all: a comparison by id needs some objects to be sure of.
  for (let each = 0; each < 60; each++) {
    const other = add(1001 + 2 * each, 'object', `Thing${each}`, 24);
    app.edges.push(['property', `thing${each}`, other.at]);
  }
  for (let each = 0; each < lines; each++) {
    const line = add(5001 + 2 * each, 'string', `line ${each}`, 100);
    log.edges.push(['element', each, line.at]);
  }
  for (const each of sessions) {
    const session = add(20_001 + 10 * each, 'object', 'Session', 40);
    const token = add(20_003 + 10 * each, 'string', `token ${each}`, 200);
    const data = add(20_005 + 10 * each, 'array', '', 300);
    list.edges.push(['element', each, session.at]);
    store.edges.push(['internal', String(each), session.at]);
    session.edges.push(['property', 'token', token.at], ['internal', 'data', data.at]);
  }
  for (let each = 0; each < cache; each++) {
    const value = add(900_001 + 2 * each, 'string', `value ${each}`, 32);
    entries.edges.push(['property', `key${each}`, value.at]);
  }
  return drawHeap(nodes, name);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('comparing two heaps of a process', () => {
  const before = service({ sessions: range(0, 10) }, 'a');
  const after = service({ sessions: range(4, 30), lines: 3 }, 'b');
  const difference = compareHeaps(before, after);

  it('has the leaking class first, with what belongs to it, and not its strings and arrays', () => {
    expect(difference.mode).toBe('ids');
    const [first, ...others] = difference.classes;
    expect(first).toMatchObject({ name: 'Session', added: 20, removed: 4, countBefore: 10, countAfter: 26 });
    expect(first?.retainedDelta).toBe(20 * (40 + 200 + 300));
    // Of the strings only the line of the log is nobody else's.
    expect(others.find(({ name }) => name === '(string)')).toMatchObject({ added: 21, retainedDelta: 100 });
    expect(others.find(({ name }) => name === '(array)')).toMatchObject({ added: 20, retainedDelta: 0 });
  });

  it('counts what came and went', () => {
    expect(difference.added).toEqual({ count: 61, bytes: 20 * 540 + 100 });
    expect(difference.removed).toEqual({ count: 12, bytes: 4 * 540 });
  });

  it('names the containers that grew', () => {
    expect(
      difference.containers.map(({ className, entriesBefore, entriesAfter }) => [
        className,
        entriesBefore,
        entriesAfter,
      ]),
    ).toEqual([
      ['Array', 10, 26],
      ['Array', 2, 3],
    ]);
    expect(difference.containers[0]?.path).toMatch(/app\.sessions$/);
    expect(difference.containers[0]?.newBytes).toBe(20 * 540);
  });

  it('says who holds the new ones', () => {
    expect(difference.classes[0]?.holders[0]).toMatchObject({ kind: 'Array', held: 20 });
    expect(difference.classes[0]?.holders[0]?.text).toMatch(/app\.sessions$/);
  });

  it('says when the files are given in the wrong order', () => {
    expect(compareHeaps(before, after).notes).toEqual([]);
    const grown = service({ sessions: range(0, 10), cache: 9 }, 'b');
    expect(compareHeaps(grown, before).notes.join()).toContain('b is newer than a');
  });

  it('is empty for the same file twice', () => {
    expect(compareHeaps(before, before)).toMatchObject({ classes: [], containers: [], added: { count: 0 } });
  });
});

describe('comparing three heaps', () => {
  it('keeps only what came after the first and is still in the last', () => {
    const a = service({ sessions: range(0, 10) }, 'a');
    const b = service({ sessions: range(0, 30), lines: 50 }, 'b');
    const c = service({ sessions: [...range(0, 20), ...range(40, 60)] }, 'c');
    const difference = compareHeaps(a, b, c);
    // 10 to 19 came and stayed; 20 to 29 were work in progress, as the lines; 40 to 59 may be.
    expect(difference.classes[0]).toMatchObject({
      name: 'Session',
      added: 10,
      countBefore: 10,
      countAfter: 30,
      countLast: 40,
    });
    expect(difference.classes.find(({ name }) => name === '(string)')?.added).toBe(10);
    expect(difference.containers).toMatchObject([{ entriesBefore: 10, entriesAfter: 30, entriesLast: 40 }]);
    expect(difference.totalLast).toBeGreaterThan(difference.totalBefore);
  });
});

describe('comparing heaps of two processes', () => {
  const before = service({ sessions: range(0, 10) }, 'a');
  const other = service({ sessions: range(0, 25), suffix: '' }, 'b');
  // The same ids, but for other things: as when a program runs a second time.
  const shuffled = drawHeapOf(other);

  it('finds out, and compares by class', () => {
    const difference = compareHeaps(before, shuffled);
    expect(difference.mode).toBe('classes');
    expect(difference.modeReason).toMatch(/^\d of \d+ objects/);
    expect(difference.classes[0]).toMatchObject({ name: 'Session', added: 15, retainedDelta: 15 * 540 });
  });

  it('refuses ids and says why', () => {
    expect(() => compareHeaps(before, shuffled, { by: 'ids' })).toThrowError(/not of one process: \d of/);
  });

  it('compares by class where that is asked for', () => {
    expect(compareHeaps(before, other).mode).toBe('ids');
    expect(compareHeaps(before, other, { by: 'classes' })).toMatchObject({
      mode: 'classes',
      modeReason: 'as asked for',
    });
  });
});

/** The same heap, its nodes with the ids of others. */
function drawHeapOf(heap: ReturnType<typeof drawHeap>): ReturnType<typeof drawHeap> {
  const { snapshot } = heap;
  const ids = [...snapshot.nodeId];
  return {
    ...heap,
    snapshot: { ...snapshot, nodeId: Uint32Array.from([...ids.slice(7), ...ids.slice(0, 7)]) },
  };
}

describe('limits', () => {
  const before = service({ sessions: range(0, 10) }, 'a');
  const difference = compareHeaps(before, service({ sessions: range(0, 30) }, 'b'));
  it.each([
    ['+5%', true],
    ['+10000%', false],
    ['+10kB', true],
    ['+1MB', false],
    ['Session>+10', true],
    ['Session > +20', false],
    ['Session>+10kB', true],
    ['Session>+1MB', false],
    ['Sess>+1', false],
  ])('%s', (text, exceeded) => {
    expect(findBreaches(difference, [parseHeapLimit(text)]).length > 0).toBe(exceeded);
  });
  it.each(['', '5', 'Session>+5%', '+5 apples', 'Session', '>+5'])('refuses %s', (text) => {
    expect(() => parseHeapLimit(text)).toThrowError(/is no limit/);
  });
});
