import { NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import type { QueryColumn } from './query-table.ts';
import { type NumberValue, stringColumn, type TextValue } from './query-value.ts';
import { OBJECT_COLUMNS } from './query-words.ts';
import { pathText } from './retaining-path.ts';
import { NODE, NODE_TYPES } from './snapshot.ts';

export function objectColumns(heap: Heap, nodeAt?: (row: number) => number): Map<string, QueryColumn> {
  const columns = new Map<string, QueryColumn>();
  for (const [name, about] of Object.entries(OBJECT_COLUMNS))
    columns.set(name, { about, make: () => objectColumn(heap, name, nodeAt) });
  return columns;
}

/** @throws Error for a name that is not in OBJECT_COLUMNS */
function objectColumn(heap: Heap, name: string, nodeAt: ((row: number) => number) | undefined) {
  const { snapshot, graph } = heap;
  /** A column of numbers by node, called without a step in between where a row is a node. */
  const number = (unit: NumberValue['unit'], of: (node: number) => number): NumberValue => ({
    type: 'number',
    unit,
    at: nodeAt === undefined ? of : (row) => of(nodeAt(row)),
  });
  const node = nodeAt ?? ((row: number) => row);
  switch (name) {
    case 'id':
      return { type: 'node', at: node } as const;
    case 'class':
      return classColumn(heap, node);
    case 'name': {
      const { nodeName } = snapshot;
      return stringColumn(snapshot.strings, (row) => nodeName[node(row)] as number);
    }
    case 'type': {
      const { nodeType } = snapshot;
      const codes = {
        count: NODE_TYPES.length,
        at: (row: number) => nodeType[node(row)] as number,
        text: (code: number) => NODE_TYPES[code] ?? 'unknown',
      };
      return { type: 'text', at: (row: number) => codes.text(codes.at(row)), codes } as const;
    }
    case 'shallow':
      return number('bytes', (each) => graph.shallow.get(each));
    case 'retained':
      return number('bytes', (each) => graph.retained.get(each));
    case 'self':
      return number('bytes', (each) => snapshot.selfSize.get(each));
    case 'distance': {
      const { distance } = graph;
      return number('number', (each) => distance[each] as number);
    }
    case 'edges': {
      const { firstEdge } = snapshot;
      return number('count', (each) => (firstEdge[each + 1] as number) - (firstEdge[each] as number));
    }
    case 'retainers': {
      const { first } = heap.retainers;
      return number('count', (each) => (first[each + 1] as number) - (first[each] as number));
    }
    case 'detached': {
      const { detachedness } = graph;
      return {
        type: 'boolean',
        at: detachedness === undefined ? () => false : (row: number) => detachedness[node(row)] === 2,
      } as const;
    }
    case 'place':
      return text((row) => {
        const place = heap.scripts.placeOf(node(row));
        if (place === undefined) return '';
        return place.line > 0 ? `${place.file}:${place.line}` : place.file;
      });
    case 'file':
      return text((row) => heap.scripts.placeOf(node(row))?.file ?? '');
    case 'line':
      return number('number', (each) => heap.scripts.placeOf(each)?.line || Number.NaN);
    case 'package':
      return text((row) => heap.scripts.packageOf(node(row)) ?? '?');
    case 'dominator': {
      const { dominator } = graph;
      return { type: 'node', at: (row: number) => dominator[node(row)] as number } as const;
    }
    case 'path':
      return text((row) => pathText(heap, node(row)));
    default:
      throw new Error(`no column ${name}`);
  }
}

function text(at: (row: number) => string): TextValue {
  return { type: 'text', at };
}

/**
 * Names of classes, one code for all classes of a name. Objects without a class (those of no size of their own) get the
 * name that DevTools would give them.
 */
function classColumn(heap: Heap, node: (row: number) => number): TextValue {
  const { classes, snapshot } = heap;
  const { of, count } = classes;
  const canonical = new Uint32Array(count);
  const first = new Map<string, number>();
  for (let row = 0; row < count; row++) {
    const name = classes.name[row] as string;
    const known = first.get(name);
    if (known === undefined) first.set(name, row);
    canonical[row] = known ?? row;
  }
  const { nodeType, nodeName, strings } = snapshot;
  const typeCount = NODE_TYPES.length;
  // What has no class may be called like one all the same, and is then of it.
  const ofType = NODE_TYPES.map((_, type) => first.get(nameOfType(type)) ?? count + type);
  const ofName = new Map<number, number>();
  const codeOfName = (name: number) => {
    const code = ofName.get(name) ?? first.get(strings.get(name)) ?? count + typeCount + name;
    ofName.set(name, code);
    return code;
  };
  const codes = {
    count: count + typeCount + strings.count,
    at(row: number): number {
      const each = node(row);
      const own = of[each] as number;
      if (own !== NO_CLASS) return canonical[own] as number;
      const type = nodeType[each] as number;
      return type === NODE.object || type === NODE.native
        ? codeOfName(nodeName[each] as number)
        : (ofType[type] as number);
    },
    text(code: number): string {
      if (code < count) return classes.name[code] as string;
      if (code >= count + typeCount) return strings.get(code - count - typeCount);
      return nameOfType(code - count);
    },
  };
  return { type: 'text', at: (row) => codes.text(codes.at(row)), codes };
}

/** Class of a node without one (it has no size of its own): as DevTools names its kind. */
export function nameOfType(type: number): string {
  if (type === NODE.hidden) return '(system)';
  if (type === NODE.code) return '(compiled code)';
  if (type === NODE.closure) return 'Function';
  if (type === NODE.regexp) return 'RegExp';
  return `(${NODE_TYPES[type] ?? 'unknown'})`;
}
