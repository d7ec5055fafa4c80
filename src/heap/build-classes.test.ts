import { describe, expect, test } from 'vitest';
import { NO_CLASS } from './class-table.ts';
import { drawAnalysed, drawProgram } from './drawn-heap.fixture.ts';
import type { DrawnNode } from './graph-drawing.fixture.ts';
import type { Heap } from './heap.ts';

const classNames = ({ classes }: Heap, nodes: readonly number[]): string[] =>
  nodes.map((node) => {
    const row = classes.of[node]!;
    return row === NO_CLASS ? '-' : classes.name[row]!;
  });

/** The classes of the drawn nodes, which begin at node 2. */
const namesOf = (nodes: readonly DrawnNode[]): string[] =>
  classNames(
    drawProgram(nodes),
    nodes.map((_, i) => i + 2),
  );

/** A plain object with these properties, each a number of its own. */
function plain(properties: readonly string[], count: number): DrawnNode[] {
  return Array.from({ length: count }, () => ({
    name: 'Object',
    size: 16,
    edges: properties.map((name): [number, string] => [1, name]),
  }));
}

describe('names of classes', () => {
  test('types have one class each, objects and natives that of their name', () => {
    expect(
      namesOf([
        { type: 'closure', name: 'render', size: 8 },
        { type: 'string', name: 'text', size: 8 },
        { type: 'regexp', name: 'a+', size: 8 },
        { type: 'code', name: 'x', size: 8 },
        { type: 'symbol', name: 'tag', size: 8 },
        { type: 'number', name: 'heap number', size: 8 },
        { type: 'object shape', name: 'system / Map', size: 8 },
        { type: 'object', name: 'Session', size: 8 },
        { type: 'native', name: 'Node / X', size: 8 },
        { type: 'native', name: '<div id="a">', size: 8 },
        { type: 'native', name: '<div>', size: 8 },
        { type: 'native', name: 'Detached <p class="b">', size: 8 },
      ]),
    ).toEqual([
      'Function',
      '(string)',
      'RegExp',
      '(compiled code)',
      '(symbol)',
      '(number)',
      '(object shape)',
      'Session',
      'Node / X',
      '<div>',
      '<div>',
      'Detached <p>',
    ]);
  });

  test('what has no size of its own is in no class', () => {
    expect(
      namesOf([
        { name: 'Empty', size: 0 },
        { name: 'Full', size: 8 },
      ]),
    ).toEqual(['-', 'Full']);
  });

  test('the table for <div> is one class, counted as such', () => {
    const { classes } = drawProgram([
      { type: 'native', name: '<a href="1">', size: 10 },
      { type: 'native', name: '<a href="2">', size: 20 },
    ]);
    const row = classes.name.indexOf('<a>');
    expect(classes.instances[row]).toBe(2);
    expect(classes.shallow[row]).toBe(30);
  });
});

describe('plain objects', () => {
  test('two of the same properties make a name, one does not', () => {
    expect(namesOf([...plain(['id', 'name'], 2), ...plain(['other'], 1)])).toEqual([
      '{id, name}',
      '{id, name}',
      'Object',
    ]);
  });

  test('the definition with most properties wins, order does not matter, __proto__ does not count', () => {
    const nodes = [
      ...plain(['a', 'b'], 3),
      ...plain(['a', 'b', 'c'], 2),
      ...plain(['c', 'b', 'a', 'z'], 1),
      ...plain(['__proto__', 'b', 'a'], 1),
      ...plain(['b'], 1),
    ];
    expect(namesOf(nodes)).toEqual([
      ...Array<string>(3).fill('{a, b}'),
      ...Array<string>(2).fill('{a, b, c}'),
      '{a, b, c}',
      '{a, b}',
      'Object',
    ]);
  });

  test('of definitions with as many properties the more frequent one wins', () => {
    const nodes = [...plain(['x', 'y'], 2), ...plain(['v', 'w'], 3), ...plain(['x', 'y', 'v', 'w'], 1)];
    expect(namesOf(nodes).at(-1)).toBe('{v, w}');
  });

  test('fewer than one in a thousand make no name', () => {
    const common = plain(['id'], 2999);
    expect(namesOf([...common, ...plain(['rare'], 2)]).at(-1)).toBe('Object');
    expect(namesOf([...common.slice(3), ...plain(['rare'], 3)]).at(-1)).toBe('{rare}');
  });

  test('names are quoted where they would be misread, and end after 120 characters', () => {
    expect(namesOf(plain(['a,b', 'c"'], 2))[0]).toBe('{"a,b", "c\\""}');
    const long = Array.from({ length: 20 }, (_, i) => `property${String(i).padStart(2, '0')}`);
    const name = namesOf(plain(long, 2))[0]!;
    expect(name.length).toBeLessThanOrEqual(121);
    expect(name).toMatch(/^\{property00, property01, .*property09\}$/);
  });
});

describe('rows', () => {
  test('constructors of one name in different places are different classes, with DevTools keys', () => {
    const { classes } = drawProgram(
      [
        { name: 'Item', size: 8 },
        { name: 'Item', size: 8 },
        { name: 'Item', size: 8 },
        { type: 'closure', name: 'f', size: 8 },
      ],
      [
        [2, 7, 3, 4],
        [3, 7, 9, 4],
        [5, 7, 9, 4],
      ],
    );
    expect([...classes.key].sort()).toEqual(
      ['7,3,4,Item', '7,9,4,Item', 'Function', 'Item', 'global'].sort(),
    );
    expect(classes.location[classes.key.indexOf('7,9,4,Item')]).toBe(1);
    expect(classes.location[classes.key.indexOf('Item')]).toBe(-1);
  });

  test('retained counts each byte once, shallow and distance are those of the instances', () => {
    // Node 2 (10) holds node 3 (20) of the same class, which holds a string (5); node 5 is apart.
    const { classes } = drawAnalysed([
      { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
      {
        name: 'global',
        size: 1,
        edges: [
          [2, 'a'],
          [5, 'b'],
        ],
      },
      { name: 'Node', size: 10, edges: [[3, 'next']] },
      { name: 'Node', size: 20, edges: [[4, 'text']] },
      { type: 'string', name: 's', size: 5 },
      { name: 'Node', size: 40 },
    ]);
    const row = classes.name.indexOf('Node');
    expect(classes.instances[row]).toBe(3);
    expect(classes.shallow[row]).toBe(70);
    expect(classes.retained[row]).toBe(75);
    expect(classes.distance[row]).toBe(2);
  });

  test('Σ of all rows is the heap, for any drawing of sizes', () => {
    const nodes = Array.from({ length: 200 }, (_, i): DrawnNode => ({ name: `C${i % 7}`, size: i % 5 }));
    const { classes, graph } = drawProgram(nodes);
    expect(classes.shallow.reduce((sum, one) => sum + one, 0)).toBe(graph.retained.get(0));
    expect(classes.instances.reduce((sum, one) => sum + one, 0)).toBe(200 - 40 + 1);
  });
});
