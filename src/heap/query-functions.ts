import type { Heap } from './heap.ts';
import { needNode, needText, type QueryScope, typeName } from './query-compile.ts';
import { QueryError } from './query-error.ts';
import { objectColumns } from './query-object-columns.ts';
import { ObjectProperties } from './query-properties.ts';
import type { Expression } from './query-syntax.ts';
import { NO_NODE, type QueryValue } from './query-value.ts';
import { FUNCTIONS } from './query-words.ts';

type Call = Expression & { kind: 'call' };

/** @throws QueryError (E_USAGE): wrong number or kinds of arguments */
export function compileFunction(call: Call, scope: QueryScope): QueryValue {
  const { args, name } = call;
  if (call.star || call.distinct) throw new QueryError(scope.query, call.span, `${name} takes values`);
  switch (name) {
    case 'length': {
      const { at } = needText(one(call, scope), scope);
      return { type: 'number', unit: 'count', at: (row) => at(row).length };
    }
    case 'lower': {
      const { at } = needText(one(call, scope), scope);
      return { type: 'text', at: (row) => at(row).toLowerCase() };
    }
    case 'number': {
      const { at } = needText(one(call, scope), scope);
      return {
        type: 'number',
        unit: 'number',
        at: (row) => (at(row).trim() === '' ? Number.NaN : Number(at(row))),
      };
    }
    case 'dominates': {
      if (args.length !== 2) wrongCount(call, scope, 'two objects');
      return dominates(call, scope);
    }
    case 'prop':
    case 'ref':
    case 'has':
    case 'instanceof':
      return objectFunction(call, scope);
    default:
      return columnOf(call, scope);
  }
}

function one(call: Call, scope: QueryScope): Expression {
  return call.args.length === 1 ? (call.args[0] as Expression) : wrongCount(call, scope, 'one value');
}

function wrongCount(call: Call, scope: QueryScope, what: string): never {
  throw new QueryError(scope.query, call.span, `${call.name} takes ${what}`, FUNCTIONS[call.name]);
}

/** By intervals of the preorder. */
function dominates(call: Call, scope: QueryScope): QueryValue {
  const above = needNode(call.args[0] as Expression, scope).at;
  const below = needNode(call.args[1] as Expression, scope).at;
  const { rank, subtree } = scope.heap.graph;
  return {
    type: 'boolean',
    at(row) {
      const [a, b] = [above(row), below(row)];
      if (a === NO_NODE || b === NO_NODE) return false;
      const begin = rank[a] as number;
      const at = rank[b] as number;
      return at >= begin && at < begin + (subtree[begin] as number);
    },
  };
}

/** Functions of the row's object, or of another given before the names: `prop(dominator, 'size')`. */
function objectFunction(call: Call, scope: QueryScope): QueryValue {
  const { args } = call;
  const { nodeAt } = scope.table;
  const first = args[0];
  const given = first !== undefined && first.kind !== 'text' && first.kind !== 'number';
  const names = (given ? args.slice(1) : args).map((each) => {
    if (each.kind === 'text') return each.text;
    if (each.kind === 'number' && Number.isInteger(each.value)) return String(each.value);
    throw new QueryError(scope.query, each.span, "the name of a property is a text: prop('name')");
  });
  if (names.length === 0) wrongCount(call, scope, "a name: 'name'");
  if (!given && nodeAt === undefined)
    throw new QueryError(scope.query, call.span, `rows of ${scope.table.name} are no objects`);
  const node = given ? needNode(first, scope).at : (nodeAt as (row: number) => number);
  const properties = propertiesOf(scope.heap);
  if (call.name === 'instanceof') {
    if (names.length !== 1) wrongCount(call, scope, 'one class');
    const test = properties.instanceTest(names[0] as string);
    return { type: 'boolean', at: (row) => node(row) !== NO_NODE && test(node(row)) };
  }
  const steps = names.map((name) => properties.step(name));
  const follow = (row: number) => {
    let at = node(row);
    for (const step of steps) {
      if (at === NO_NODE) break;
      at = step(at);
    }
    return at;
  };
  if (call.name === 'ref') return { type: 'node', at: follow };
  if (call.name === 'has') return { type: 'boolean', at: (row) => follow(row) !== NO_NODE };
  return { type: 'text', at: (row) => properties.text(follow(row)) };
}

const known = new WeakMap<Heap, ObjectProperties>();

function propertiesOf(heap: Heap): ObjectProperties {
  const made = known.get(heap) ?? new ObjectProperties(heap.snapshot);
  known.set(heap, made);
  return made;
}

/** `class(dominator)`: a column of objects, of another object than the row's. */
function columnOf(call: Call, scope: QueryScope): QueryValue {
  const { at: node } = needNode(one(call, scope), scope);
  const columns = objectColumns(scope.heap, (row) => row);
  const value = columns.get(call.name)?.make();
  switch (value?.type) {
    case 'number': {
      const { at, unit } = value;
      return { type: 'number', unit, at: (row) => (node(row) === NO_NODE ? Number.NaN : at(node(row))) };
    }
    case 'text': {
      const { at } = value;
      return { type: 'text', at: (row) => (node(row) === NO_NODE ? '' : at(node(row))) };
    }
    case 'boolean': {
      const { at } = value;
      return { type: 'boolean', at: (row) => node(row) !== NO_NODE && at(node(row)) };
    }
    case 'node': {
      const { at } = value;
      return { type: 'node', at: (row) => (node(row) === NO_NODE ? NO_NODE : at(node(row))) };
    }
    default:
      throw new QueryError(
        scope.query,
        call.span,
        `${call.name} is ${value === undefined ? 'no column of objects' : typeName(value)}`,
      );
  }
}
