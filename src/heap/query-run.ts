import { HolterError } from '../base/errors.ts';
import type { Heap } from './heap.ts';
import { AGGREGATES, compileExpression, needBoolean, needNode, type QueryScope } from './query-compile.ts';
import { nearestName, QueryError, type Span } from './query-error.ts';
import { QueryGroups } from './query-groups.ts';
import { OrderedRows } from './query-order.ts';
import { parseQuery } from './query-parser.ts';
import type { Expression, QueryItem, QuerySyntax } from './query-syntax.ts';
import type { QueryTable } from './query-table.ts';
import { buildQueryTable } from './query-tables.ts';
import type { QueryUnit, QueryValue, RegexValue } from './query-value.ts';
import { withinTime } from './query-watchdog.ts';
import { QUERY_TABLES } from './query-words.ts';

/** A cell: ids of objects are numbers; null = unknown. */
export type QueryCell = string | number | boolean | null;

export interface QueryResult {
  /** As a query says it, for a heading. */
  table: string;
  columns: { name: string; unit: QueryUnit }[];
  rows: QueryCell[][];
  /** Rows (or groups) that fit, before limit and offset; undefined when it stopped at the limit without counting on. */
  matched: number | undefined;
  /** Are there rows beyond the limit? */
  more: boolean;
  /** What to know when reading it, as sentences. */
  notes: string[];
}

export interface QueryOptions {
  /** Rows when the query says no limit; 1 000 000 at most in any case. Default 100. */
  limit?: number;
  /** Ends the work; the promise rejects with E_INTERRUPTED. */
  signal?: AbortSignal;
}

const DEFAULT_LIMIT = 100;
const MOST_ROWS = 1_000_000;
/** Rows between looks at the clock, and how long the event loop may wait. */
const SLICE = 65_536;
const SLICE_MS = 40;
/** For a slice of rows with a regular expression; a usual one takes a thousandth of that. */
const PATTERN_MS = 5000;

/**
 * Answers a query about a heap (docs/heap-query.md). One walk over the rows; conditions on texts are decided once per
 * different text; the event loop stays free.
 *
 * @throws QueryError (E_USAGE) with the place in the query; HolterError E_INTERRUPTED
 */
export async function runQuery(heap: Heap, query: string, options: QueryOptions = {}): Promise<QueryResult> {
  const syntax = withTable(parseQuery(query));
  const table = openTable(heap, query, syntax);
  const scope: QueryScope = { query, heap, table, aggregate: undefined, made: new Map() };
  const items =
    syntax.items.length > 0 ? syntax.items : table.star.map((name) => columnItem(name, syntax.from?.span));
  const resolved = syntax.orderBy.map((order) => ({
    ...order,
    expression: resolveAlias(order.expression, items, table, query),
  }));
  const grouped =
    syntax.groupBy.length > 0 ||
    syntax.having !== undefined ||
    [...items.map(({ expression }) => expression), ...resolved.map(({ expression }) => expression)].some(
      hasAggregate,
    );
  const where = syntax.where === undefined ? undefined : needBoolean(syntax.where, scope).at;
  const limit = Math.min(MOST_ROWS, syntax.limit ?? options.limit ?? DEFAULT_LIMIT);
  const notes = table.note === undefined ? [] : [table.note];
  const found = await (grouped ? groupRows : plainRows)({
    scope,
    items,
    where,
    groupBy: syntax.groupBy.map((key) => resolveAlias(key, items, table, query)),
    having: syntax.having === undefined ? undefined : withAliases(syntax.having, items, table),
    orderBy: resolved,
    offset: syntax.offset,
    limit,
    signal: options.signal,
    notes,
    pattern: findPattern(syntax),
  });
  if (table.nodeAt === undefined ? false : heap.snapshot.partial !== undefined)
    notes.push(heap.snapshot.partial as string);
  return { table: table.name, notes, ...found };
}

interface Plan {
  scope: QueryScope;
  items: QueryItem[];
  where: ((row: number) => boolean) | undefined;
  groupBy: Expression[];
  having: Expression | undefined;
  orderBy: { expression: Expression; descending: boolean }[];
  offset: number;
  limit: number;
  signal: AbortSignal | undefined;
  notes: string[];
  /** Where the query has a regular expression, which may hang. */
  pattern: Span | undefined;
}

type ShownValue = Exclude<QueryValue, RegexValue>;
type Found = Pick<QueryResult, 'columns' | 'rows' | 'matched' | 'more'>;

async function plainRows(plan: Plan): Promise<Found> {
  const { scope, items, where, orderBy, offset, limit } = plan;
  const values = items.map((item) => itemValue(item, scope));
  const kept = new OrderedRows(orderBy, scope, offset + limit);
  let matched = 0;
  // Without an order the first rows are the answer, and one more says whether there are others.
  const enough = orderBy.length > 0 ? Number.POSITIVE_INFINITY : offset + limit + 1;
  const whole = await eachRow(plan, undefined, (row) => {
    if (where !== undefined && !where(row)) return true;
    matched++;
    kept.add(row);
    return matched < enough;
  });
  const rows = kept.finish().slice(offset);
  return {
    columns: columnsOf(items, values),
    rows: guarded(plan, () => rows.map((row) => values.map((value) => cellOf(value, row, scope.heap)))),
    matched: whole ? matched : undefined,
    more: matched > offset + rows.length,
  };
}

async function groupRows(plan: Plan): Promise<Found> {
  const { scope, items, where, orderBy, offset, limit } = plan;
  const groups = new QueryGroups(plan.groupBy, scope);
  // Made before the walk, so that their accumulators see it. Plain columns are read from a group's first row.
  const grouped: QueryScope = { ...scope, aggregate: (call) => groups.aggregate(call) };
  const values = items.map((item) => itemValue(item, grouped));
  const having = plan.having === undefined ? undefined : needBoolean(plan.having, grouped).at;
  const kept = new OrderedRows(orderBy, { ...grouped, made: scope.made }, offset + limit);
  const order = groups.nested ? scope.table.preorder?.() : undefined;
  if (groups.nested && order !== undefined)
    plan.notes.push('sum(retained) counts objects that lie below others of their group once.');
  await eachRow(plan, order, (row) => {
    if (where === undefined || where(row)) groups.add(row);
    return true;
  });
  const empty = groups.count === 0 && plan.groupBy.length === 0;
  const { rows, matched: fitting } = guarded(plan, () => {
    let matched = 0;
    const byRow = new Map<number, number>();
    for (let group = 0; group < groups.count; group++) {
      groups.current = group;
      const row = groups.firstRow[group] as number;
      if (having !== undefined && !having(row)) continue;
      matched++;
      kept.add(row);
      byRow.set(row, group);
    }
    const rows = kept
      .finish()
      .slice(offset)
      .map((row) => {
        groups.current = byRow.get(row) as number;
        return values.map((value) => cellOf(value, row, scope.heap));
      });
    return { rows, matched };
  });
  let matched = fitting;
  if (empty && having === undefined && limit > 0 && offset === 0) {
    matched = 1;
    rows.push(items.map((item, index) => emptyCell(item, values[index] as ShownValue, scope.heap)));
  }
  return { columns: columnsOf(items, values), rows, matched, more: matched > offset + rows.length };
}

/** Calls `visit` for every row until it says false; false when it did. */
async function eachRow(
  plan: Plan,
  order: Uint32Array | undefined,
  visit: (row: number) => boolean,
): Promise<boolean> {
  const { scope, signal } = plan;
  const count = scope.table.rowCount;
  let since = performance.now();
  for (let begin = 0; begin < count; begin += SLICE) {
    const end = Math.min(count, begin + SLICE);
    const whole = guarded(plan, () => {
      for (let at = begin; at < end; at++)
        if (!visit(order === undefined ? at : (order[at] as number))) return false;
      return true;
    });
    if (!whole) return false;
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw new HolterError('E_INTERRUPTED', 'the query was interrupted');
    since = performance.now();
  }
  return true;
}

/** Does work under a time limit, where there is a regular expression in it. */
function guarded<T>({ pattern, scope }: Plan, work: () => T): T {
  if (pattern === undefined) return work();
  return withinTime(
    PATTERN_MS,
    work,
    () =>
      new QueryError(
        scope.query,
        pattern,
        'the regular expression takes too long',
        'make it simpler, or use like',
      ),
  );
}

/** `path(@123)` alone means `select * from path(@123)`. */
function withTable(syntax: QuerySyntax): QuerySyntax {
  const [only] = syntax.items;
  if (syntax.items.length !== 1 || syntax.from !== undefined || only?.expression.kind !== 'call')
    return syntax;
  const { name, args, span } = only.expression;
  const table = Object.hasOwn(QUERY_TABLES, name) ? QUERY_TABLES[name] : undefined;
  // `retainers(dominator)` is the column of another object, `retainers(@123)` the table.
  const first = args[0];
  const isNode = first === undefined || first.kind === 'id' || first.kind === 'number';
  if (table === undefined || (table.argument && !isNode)) return syntax;
  return { ...syntax, items: [], from: { table: name, args, span } };
}

function openTable(heap: Heap, query: string, { from, items, where }: QuerySyntax): QueryTable {
  if (from === undefined) {
    const about = [...items.map(({ expression }) => expression), ...(where === undefined ? [] : [where])];
    if (items.length > 0 && !about.some(needsRows))
      return { name: 'nothing', rowCount: 1, columns: new Map(), star: [] };
    return buildQueryTable(heap, 'objects', 0);
  }
  const table = Object.hasOwn(QUERY_TABLES, from.table) ? QUERY_TABLES[from.table] : undefined;
  if (table === undefined) {
    const near = nearestName(from.table, Object.keys(QUERY_TABLES));
    throw new QueryError(
      query,
      from.span,
      `there is no table ${from.table}${near === undefined ? '' : `; did you mean ${near}?`}`,
      `tables: ${Object.entries(QUERY_TABLES)
        .map(([name, { argument }]) => (argument ? `${name}(@id)` : name))
        .join(', ')}`,
    );
  }
  if (from.args.length !== (table.argument ? 1 : 0))
    throw new QueryError(
      query,
      from.span,
      table.argument
        ? `${from.table} needs an object: ${from.table}(@123)`
        : `${from.table} takes no argument`,
    );
  const [argument] = from.args;
  if (argument === undefined) return buildQueryTable(heap, from.table, 0);
  const nothing: QueryTable = { name: 'the argument of a table', rowCount: 0, columns: new Map(), star: [] };
  const { constant } = needNode(argument, {
    query,
    heap,
    table: nothing,
    aggregate: undefined,
    made: new Map(),
  });
  if (constant === undefined)
    throw new QueryError(query, argument.span, 'an object is needed here, like @123');
  return buildQueryTable(heap, from.table, constant);
}

function columnItem(name: string, span = { from: 0, to: 1 }): QueryItem {
  return { name, expression: { kind: 'column', name, span } };
}

/** In `order by` and `group by` a number is a column of the result, and a name may be one given with `as`. */
function resolveAlias(
  expression: Expression,
  items: readonly QueryItem[],
  table: QueryTable,
  query: string,
): Expression {
  if (expression.kind === 'number' && expression.unit === 'none') {
    const item = items[expression.value - 1];
    if (item === undefined)
      throw new QueryError(query, expression.span, `there is no column ${expression.value} in the result`);
    return item.expression;
  }
  return withAliases(expression, items, table);
}

/** Names given with `as` stand for what they name, wherever a column of the table does not have that name. */
function withAliases(expression: Expression, items: readonly QueryItem[], table: QueryTable): Expression {
  const inside = (each: Expression) => withAliases(each, items, table);
  switch (expression.kind) {
    case 'column':
      if (table.columns.has(expression.name)) return expression;
      return items.find(({ name }) => name.toLowerCase() === expression.name)?.expression ?? expression;
    case 'unary':
      return { ...expression, operand: inside(expression.operand) };
    case 'binary':
      return { ...expression, left: inside(expression.left), right: inside(expression.right) };
    case 'in':
      return { ...expression, operand: inside(expression.operand), list: expression.list.map(inside) };
    default:
      return expression;
  }
}

function findPattern({ items, where, having, groupBy, orderBy }: QuerySyntax): Span | undefined {
  const all = [...items, ...orderBy]
    .map(({ expression }) => expression)
    .concat(groupBy, where ?? [], having ?? []);
  let found: Span | undefined;
  for (const expression of all)
    someExpression(expression, (each) => {
      if (each.kind === 'regex') found ??= each.span;
      return false;
    });
  return found;
}

function hasAggregate(expression: Expression): boolean {
  return someExpression(expression, (each) => each.kind === 'call' && AGGREGATES.has(each.name));
}

function needsRows(expression: Expression): boolean {
  return someExpression(
    expression,
    (each) =>
      each.kind === 'column' ||
      (each.kind === 'call' &&
        (AGGREGATES.has(each.name) ||
          (['prop', 'ref', 'has', 'instanceof'].includes(each.name) && each.args[0]?.kind === 'text'))),
  );
}

function someExpression(expression: Expression, test: (each: Expression) => boolean): boolean {
  if (test(expression)) return true;
  const inside = (each: Expression) => someExpression(each, test);
  switch (expression.kind) {
    case 'call':
      return expression.args.some(inside);
    case 'unary':
      return inside(expression.operand);
    case 'binary':
      return inside(expression.left) || inside(expression.right);
    case 'in':
      return inside(expression.operand) || expression.list.some(inside);
    default:
      return false;
  }
}

function itemValue({ expression }: QueryItem, scope: QueryScope): ShownValue {
  const value = compileExpression(expression, scope);
  if (value.type !== 'regex') return value;
  throw new QueryError(scope.query, expression.span, 'a regular expression is no value: match it with ~');
}

function columnsOf(items: readonly QueryItem[], values: readonly ShownValue[]): QueryResult['columns'] {
  return items.map(({ name }, index) => {
    const value = values[index] as ShownValue;
    const unit = value.type === 'number' ? value.unit : value.type === 'node' ? 'id' : value.type;
    return { name, unit };
  });
}

function cellOf(value: ShownValue, row: number, { snapshot }: Heap): QueryCell {
  switch (value.type) {
    case 'number': {
      const number = value.at(row);
      return Number.isFinite(number) ? number : null;
    }
    case 'node': {
      const node = value.at(row);
      return node < 0 ? null : (snapshot.nodeId[node] as number);
    }
    default:
      return value.at(row);
  }
}

/** Of the one group that has no row: counts and sums are 0, columns unknown. */
function emptyCell({ expression }: QueryItem, value: ShownValue, heap: Heap): QueryCell {
  return someExpression(expression, (each) => each.kind === 'column') && !hasAggregate(expression)
    ? null
    : cellOf(value, 0, heap);
}
