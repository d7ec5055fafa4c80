import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { type DrawnNode, drawHeap } from './query-heap.fixture.ts';
import { parseQuery } from './query-parser.ts';
import { requiredPart } from './query-pattern.ts';
import { runQuery } from './query-run.ts';
import { describeColumns, FUNCTIONS } from './query-words.ts';

/** A random heap: every node hangs on an earlier one, and on some others. */
const heaps = fc
  .array(
    fc.record({
      type: fc.constantFrom('object' as const, 'string' as const, 'closure' as const, 'array' as const),
      name: fc.constantFrom('Session', 'User', 'a', 'ab', 'B"c', "it's", '', '100%'),
      self: fc.integer({ min: 0, max: 3000 }),
      parent: fc.nat(),
      more: fc.array(fc.nat(), { maxLength: 3 }),
      label: fc.constantFrom<string | number>('user', 'token', 0, 1, 'weird name'),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((drawn) => {
    const nodes: DrawnNode[] = [{ id: 1, type: 'synthetic', name: '', self: 0, edges: [] }];
    for (const [index, { type, name, self }] of drawn.entries())
      nodes.push({ id: 2 * index + 3, type, name, self, edges: [] });
    const link = (from: number, to: number, label: string | number) =>
      nodes[from]?.edges.push([typeof label === 'number' ? 'element' : 'property', label, to]);
    drawn.forEach(({ parent, more, label }, index) => {
      link(parent % (index + 1), index + 1, label);
      for (const from of more) link(from % nodes.length, index + 1, label);
    });
    return drawHeap(nodes);
  });

type Row = {
  id: number;
  type: string;
  name: string;
  class: string;
  shallow: number;
  retained: number;
  edges: number;
  node: number;
};

function rowsOf(heap: ReturnType<typeof drawHeap>): Row[] {
  const { snapshot, graph } = heap;
  return Array.from({ length: snapshot.nodeCount }, (_, node) => {
    const name = snapshot.strings.get(snapshot.nodeName[node]!);
    const type = [
      'hidden',
      'array',
      'string',
      'object',
      'code',
      'closure',
      'regexp',
      'number',
      'native',
      'synthetic',
    ][snapshot.nodeType[node]!]!;
    return {
      node,
      id: snapshot.nodeId[node]!,
      type,
      name,
      class: type === 'object' ? name : type === 'closure' ? 'Function' : `(${type})`,
      shallow: graph.shallow.get(node),
      retained: graph.retained.get(node),
      edges: snapshot.firstEdge[node + 1]! - snapshot.firstEdge[node]!,
    };
  });
}

const CONDITIONS: [string, (row: Row) => boolean][] = [
  ["name = 'ab'", (row) => row.name === 'ab'],
  ["name != 'ab'", (row) => row.name !== 'ab'],
  ["name = 'it''s'", (row) => row.name === "it's"],
  ['name ~ /^Se.s+i/', (row) => /^Se.s+i/.test(row.name)],
  ['name ~ /Sess?ions*/', (row) => /Sess?ions*/.test(row.name)],
  ['name ~ /^[SU]/', (row) => /^[SU]/.test(row.name)],
  ['name !~ /S/i', (row) => !/S/i.test(row.name)],
  ["name ~ 'ss'", (row) => row.name.includes('ss')],
  ["name ~ '\"'", (row) => row.name.includes('"')],
  ["name like '%e%'", (row) => row.name.includes('e')],
  ["name like 'S_ss%'", (row) => /^S.ss/.test(row.name)],
  ["class in ('User', 'Function')", (row) => ['User', 'Function'].includes(row.class)],
  ["class not in ('User')", (row) => row.class !== 'User'],
  ['class ~ /^\\(/', (row) => row.class.startsWith('(')],
  ["type = 'object'", (row) => row.type === 'object'],
  ['shallow > 1kB', (row) => row.shallow > 1000],
  ['shallow between 100 and 2 * 1000', (row) => row.shallow >= 100 && row.shallow <= 2000],
  ['retained >= 2KiB', (row) => row.retained >= 2048],
  ['retained - shallow > 10', (row) => row.retained - row.shallow > 10],
  ['edges = 0', (row) => row.edges === 0],
  ['id % 4 = 3', (row) => row.id % 4 === 3],
  ['id > 9', (row) => row.id > 9],
  ["not name = 'a'", (row) => row.name !== 'a'],
  ['length(name) < 3', (row) => row.name.length < 3],
  ["lower(name) = 'user'", (row) => row.name.toLowerCase() === 'user'],
];

/** Conditions put together by and, or and not. */
const conditions = fc.letrec<{ any: [string, (row: Row) => boolean] }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...CONDITIONS),
    fc
      .tuple(tie('any'), tie('any'))
      .map(([a, b]): [string, (row: Row) => boolean] => [
        `(${a[0]}) and (${b[0]})`,
        (row) => a[1](row) && b[1](row),
      ]),
    fc
      .tuple(tie('any'), tie('any'))
      .map(([a, b]): [string, (row: Row) => boolean] => [
        `(${a[0]} or ${b[0]})`,
        (row) => a[1](row) || b[1](row),
      ]),
    tie('any').map(([text, test]): [string, (row: Row) => boolean] => [`not (${text})`, (row) => !test(row)]),
  ),
})).any;

describe('a query over objects', () => {
  it.each(CONDITIONS)('%s', async (text, test) => {
    await fc.assert(
      fc.asyncProperty(heaps, async (heap) => {
        const { rows } = await runQuery(heap, `select id where ${text}`);
        expect(rows.flat()).toEqual(
          rowsOf(heap)
            .filter(test)
            .map(({ id }) => id),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('finds what a filter finds, in its order, whatever the condition', async () => {
    await fc.assert(
      fc.asyncProperty(heaps, conditions, fc.nat(5), fc.nat(4), async (heap, [text, test], limit, offset) => {
        const wanted = rowsOf(heap)
          .filter(test)
          .sort(
            (a, b) =>
              b.retained - a.retained || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || a.node - b.node,
          );
        const result = await runQuery(
          heap,
          `select id, retained from objects where ${text} order by retained desc, name limit ${limit} offset ${offset}`,
        );
        expect(result.rows.map(([id]) => id)).toEqual(
          wanted.slice(offset, offset + limit).map(({ id }) => id),
        );
        expect(result.matched).toBe(wanted.length);
        expect(result.more).toBe(wanted.length > offset + result.rows.length);
      }),
      { numRuns: 400 },
    );
  });

  it('groups as a table of groups does, and counts nested objects once', async () => {
    await fc.assert(
      fc.asyncProperty(
        heaps,
        fc.constantFrom('class', 'type', 'edges', 'class, edges'),
        async (heap, keys) => {
          const groups = new Map<string, Row[]>();
          for (const row of rowsOf(heap)) {
            const key = keys
              .split(', ')
              .map((name) => row[name as keyof Row])
              .join('|');
            groups.set(key, [...(groups.get(key) ?? []), row]);
          }
          const { dominator } = heap.graph;
          const under = (row: Row, others: Row[]) => {
            for (let at = row.node; at !== 0; ) {
              at = dominator[at]!;
              if (others.some((other) => other.node === at)) return true;
            }
            return false;
          };
          const { rows } = await runQuery(
            heap,
            `select ${keys}, count(*), sum(shallow), min(shallow), max(id), avg(edges), sum(retained), count(distinct name) group by ${keys} limit 1000`,
          );
          const width = keys.split(', ').length;
          expect(new Map(rows.map((row) => [row.slice(0, width).join('|'), row.slice(width)]))).toEqual(
            new Map(
              [...groups].map(([key, members]) => [
                key,
                [
                  members.length,
                  members.reduce((sum, row) => sum + row.shallow, 0),
                  Math.min(...members.map((row) => row.shallow)),
                  Math.max(...members.map((row) => row.id)),
                  members.reduce((sum, row) => sum + row.edges, 0) / members.length,
                  members.reduce(
                    (sum, row) => sum + (row.node !== 0 && under(row, members) ? 0 : row.retained),
                    0,
                  ),
                  new Set(members.map((row) => row.name)).size,
                ],
              ]),
            ),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('other tables and functions', () => {
  const heap = drawHeap([
    { id: 1, type: 'synthetic', name: '', self: 0, edges: [['element', 1, 1]] },
    {
      id: 3,
      type: 'object',
      name: 'global',
      self: 10,
      edges: [
        ['property', 'app', 2],
        ['property', 'proto', 8],
      ],
    },
    {
      id: 5,
      type: 'object',
      name: 'App',
      self: 20,
      edges: [
        ['property', 'user', 3],
        ['element', 7, 4],
        ['property', '__proto__', 8],
      ],
    },
    {
      id: 7,
      type: 'object',
      name: 'User',
      self: 30,
      edges: [
        ['property', 'name', 5],
        ['internal', 'name', 6],
        ['property', 'age', 10],
      ],
    },
    { id: 9, type: 'string', name: 'seven', self: 40, edges: [] },
    {
      id: 11,
      type: 'concatenated string',
      name: '(concatenated string)',
      self: 50,
      edges: [
        ['internal', 'first', 4],
        ['internal', 'second', 6],
      ],
    },
    { id: 13, type: 'string', name: 'teen', self: 60, edges: [] },
    { id: 15, type: 'string', name: 'teen', self: 60, edges: [] },
    {
      id: 17,
      type: 'object',
      name: 'Object',
      self: 10,
      edges: [
        ['property', 'constructor', 9],
        ['property', 'copy', 7],
        ['property', '__proto__', 8],
      ],
    },
    { id: 19, type: 'closure', name: 'Base', self: 10, edges: [] },
    { id: 21, type: 'number', name: 'heap number', self: 10, edges: [['internal', 'value', 11]] },
    { id: 23, type: 'string', name: '42.5', self: 0, edges: [] },
  ]);
  const rows = async (query: string) => (await runQuery(heap, query)).rows;

  it.each<[string, unknown[][]]>([
    ["select prop('user', 'name') where class = 'App'", [['seventeen']]],
    [
      "select prop('7'), has('user'), has('nothing'), prop('nothing') where id = @5",
      [['seven', true, false, '']],
    ],
    ["select number(prop('age')) + 1 where name = 'User'", [[43.5]]],
    ["select ref('user') where id = 5", [[7]]],
    ["select class(ref('user')), retained(ref('nothing')) where id = 5", [['User', null]]],
    ["select id where instanceof('Base')", [[5], [17]]],
    ["select id where instanceof('User')", [[7]]],
    ["select id where dominator = @3 and class ~ 'pp'", [[5]]],
    ['dominates(@5, @7)', [[true]]],
    ['dominates(@7, 5)', [[false]]],
    [
      'select edge, edgetype, id from refs(@5) limit 2',
      [
        ['user', 'property', 7],
        ['7', 'element', 9],
      ],
    ],
    [
      "select edge, id from retainers(@13) where edgetype = 'internal'",
      [
        ['name', 7],
        ['second', 11],
      ],
    ],
    ["select source, target from edges where name = '7'", [[5, 9]]],
    ["select source, target from edges where name ~ /^us/ and type = 'property'", [[5, 7]]],
    ['select id from dominated(@5) order by id', [[7], [9]]],
    ['select text, copies, shallow, wasted from strings where copies > 1', [['teen', 2, 120, 60]]],
    ['select class, count from classes where count > 2 order by 2 desc', [['(string)', 3]]],
    ['select count(*), sum(shallow), max(shallow), min(shallow) where shallow > 1GB', [[0, 0, null, null]]],
    [
      'select class, count(*) as n group by class having n > 1 order by n desc, class limit 1',
      [['(string)', 4]],
    ],
    ['select 1 + 2 * 3, 10 / 4, -3 % 2', [[7, 2.5, -1]]],
    ['select count(*) where retained > 50%', [[3]]],
    ["select count(*) where name = 'teen' and 1 = 1 -- all of them", [[2]]],
  ])('%s', async (query, wanted) => {
    expect(await rows(query)).toEqual(wanted);
  });

  it('finds the way from the root', async () => {
    const steps = await rows('select id from path(@13)');
    expect(steps.at(-1)).toEqual([13]);
    expect(steps.length).toBeGreaterThan(2);
  });

  it('answers several columns of everything with *', async () => {
    for (const table of [
      'objects',
      'classes',
      'strings',
      'edges',
      'retainers(@7)',
      'refs(@7)',
      'path(@7)',
      'dominated(@3)',
    ])
      expect((await runQuery(heap, `select * from ${table} limit 3`)).rows.length).toBeGreaterThan(0);
  });

  it.each<[string, RegExp, string]>([
    ['select retaned from objects', /has no column retaned; did you mean retained/, 'retaned'],
    ['select id from objcts', /no table objcts; did you mean objects/, 'objcts'],
    ['select id frm objects', /did you mean from/, 'frm'],
    ['select id where name ~ /(/', /regular expression/i, '/(/'],
    ['select id where @99 = id', /no object @99/, '@99'],
    ['select id where shallow > 3 apples', /apples/, 'apples'],
    ['select id where shallow > 3xy', /xy is no unit/, 'xy'],
    ['select id where name', /a text, and a condition is needed/, 'name'],
    ['select id where name > 3', /a text cannot be compared with a number/, 'name > 3'],
    ['select id where sum(shallow) > 3', /cannot stand here/, 'sum(shallow)'],
    ['select nothing(id)', /no function nothing/, 'nothing(id)'],
    ["select id where name = 'open", /no closing quote/, "'open"],
    ['select', /is expected, not the end/, ''],
    ['', /empty/, ''],
    ['select id order by 2', /no column 2 in the result/, '2'],
    ['select id limit -1', /limit needs a whole number/, '-'],
    ['select name ~ /a/ from edges from objects', /a second time/, 'from'],
    ['retainers()', /needs an object/, 'retainers()'],
    ['select id where prop(shallow)', /prop takes a name/, 'prop(shallow)'],
  ])('points at the mistake in %s', async (query, message, part) => {
    const error = (await runQuery(heap, query).catch((reason: unknown) => reason)) as HolterError & {
      span: { from: number; to: number };
    };
    expect(error).toBeInstanceOf(HolterError);
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toMatch(message);
    expect(query.slice(error.span.from, error.span.to)).toBe(part);
  });

  it('ends a regular expression that never would', async () => {
    const long = drawHeap([{ id: 1, type: 'string', name: `${'a'.repeat(60)}!`, self: 1, edges: [] }]);
    await expect(runQuery(long, 'select count(*) where name ~ /^(a+)+$/')).rejects.toThrow(/takes too long/);
  }, 20_000);

  it('can be interrupted', async () => {
    const signal = AbortSignal.abort();
    const nodes = Array.from(
      { length: 3000 },
      (_, at): DrawnNode => ({
        id: 2 * at + 1,
        type: 'object',
        name: `C${at}`,
        self: 1,
        edges: at < 2999 ? [['property', 'next', at + 1]] : [],
      }),
    );
    // Short enough to be done before the first look at the clock, or interrupted: never anything else.
    const outcome = await runQuery(drawHeap(nodes), 'select count(*)', { signal }).catch(
      (error: HolterError) => error.code,
    );
    expect(outcome === 'E_INTERRUPTED' || typeof outcome === 'object').toBe(true);
  });
});

describe('what a pattern needs', () => {
  it.each<[string, string | undefined]>([
    ['^us.r 1', 'r 1'],
    ['abc?def', 'def'],
    ['abc+de', 'abc'],
    ['ab{0,2}cd', 'cd'],
    ['a*', undefined],
    ['(abc)?', undefined],
    ['abc|def', undefined],
    ['[abc]def\\d', 'def'],
    ['abc\\.defg', 'defg'],
    ['\\x41bc', undefined],
    ['x', undefined],
  ])('%s', (pattern, part) => expect(requiredPart(pattern)).toBe(part));

  it('is in every text that matches', () => {
    const piece = fc.constantFrom('a', 'b', 'ab', '.', '[ab]', 'c');
    const count = fc.constantFrom('', '', '?', '*', '+', '{0,1}', '{2}');
    const patterns = fc
      .array(fc.tuple(piece, count), { minLength: 1, maxLength: 5 })
      .map((all) => all.flat().join(''));
    fc.assert(
      fc.property(
        patterns,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }),
        (pattern, text) => {
          const part = requiredPart(pattern);
          if (part !== undefined && new RegExp(pattern).test(text)) expect(text).toContain(part);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('the manual', () => {
  const manual = readFileSync(new URL('../../docs/heap-query.md', import.meta.url), 'utf8');
  const questions = [...manual.matchAll(/^ {4}((?:select|retainers)\b.*)$/gm)].map(
    ([, query]) => query as string,
  );
  const heap = drawHeap(
    [1, 3, 171083, 174739].map(
      (id, at): DrawnNode => ({
        id,
        type: 'object',
        name: 'C',
        self: 9,
        edges: at < 3 ? [['property', 'app', at + 1]] : [],
      }),
    ),
  );

  it('has ten questions', () => expect(questions.length).toBeGreaterThanOrEqual(10));

  it.each(questions)('%s', async (query) => {
    expect((await runQuery(heap, query)).columns.length).toBeGreaterThan(1);
  });

  it('has every column and function', () => {
    const all = [
      ...['objects', 'classes', 'strings', 'edges', 'refs'].flatMap((table) =>
        Object.keys(describeColumns(table)),
      ),
      ...Object.keys(FUNCTIONS),
    ];
    for (const name of all) expect(manual, name).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('reading queries', () => {
  const words = fc.constantFrom(
    'select',
    'from',
    'where',
    'group by',
    'order by',
    'limit',
    'and',
    'or',
    'not',
    'in',
    'like',
    '(',
    ')',
    ',',
    '*',
    '=',
    '~',
    '/a/',
    '/',
    "'x'",
    '"',
    '@1',
    '1MB',
    '5%',
    '%',
    'id',
    'name',
    'count(*)',
    'retainers',
    'prop',
    '-',
    '!',
    '\n',
    '𝒳',
    '\u0000',
  );

  it('fails only with a place in the query', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(words, { maxLength: 20 }).map((all) => all.join(' ')),
          fc.string({ maxLength: 60, unit: 'binary' }),
        ),
        (query) => {
          try {
            parseQuery(query);
          } catch (error) {
            expect(error).toBeInstanceOf(HolterError);
            expect((error as HolterError).code).toBe('E_USAGE');
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['brackets', `select ${'('.repeat(9000)}1`],
    ['not', `select id where ${'not '.repeat(4000)} id = 1`],
    ['minus', `select ${'- '.repeat(9000)}1`],
    ['additions', `select ${'1+'.repeat(9000)}1`],
    ['calls', `select ${'lower('.repeat(3000)}name`],
  ])('refuses %s without an end', (_, query) => {
    expect(() => parseQuery(query)).toThrowError(HolterError);
  });
});
