import type { Heap } from './heap.ts';
import { nearestName, QueryError, type Span } from './query-error.ts';
import { compileFunction } from './query-functions.ts';
import { compileLike, compilePattern } from './query-pattern.ts';
import type { BinaryOperator, Expression } from './query-syntax.ts';
import type { QueryTable } from './query-table.ts';
import {
  type BooleanValue,
  matchText,
  NO_NODE,
  type NodeValue,
  type NumberValue,
  type QueryValue,
  type TextTest,
  type TextValue,
} from './query-value.ts';
import { FUNCTIONS } from './query-words.ts';

export const AGGREGATES: ReadonlySet<string> = new Set(['count', 'sum', 'min', 'max', 'avg']);

/** What an expression is compiled against. */
export interface QueryScope {
  query: string;
  heap: Heap;
  table: QueryTable;
  /** Makes the value of an aggregate of the current group; undefined where there are no groups (`where`). */
  aggregate: ((call: Expression & { kind: 'call' }) => QueryValue) | undefined;
  /** Columns made before, so that two mentions share their caches. */
  made: Map<string, QueryValue>;
}

/**
 * Makes an expression into a function of the row.
 * @throws QueryError (E_USAGE): unknown column or function, types that do not fit, an object that is not there
 */
export function compileExpression(expression: Expression, scope: QueryScope): QueryValue {
  const { span } = expression;
  switch (expression.kind) {
    case 'number': {
      const whole = expression.unit === 'share' ? scope.heap.graph.retained.get(0) : 1;
      const value = expression.value * whole;
      return {
        type: 'number',
        unit: expression.unit === 'none' ? 'number' : 'bytes',
        at: () => value,
        constant: value,
      };
    }
    case 'text': {
      const { text } = expression;
      return { type: 'text', at: () => text, constant: text };
    }
    case 'boolean': {
      const { value } = expression;
      return { type: 'boolean', at: () => value, constant: value };
    }
    case 'regex':
      return { type: 'regex', test: compilePattern(scope.query, span, expression.pattern, expression.flags) };
    case 'id': {
      const node = findNode(scope.heap, expression.id);
      if (node === NO_NODE) throw new QueryError(scope.query, span, `there is no object @${expression.id}`);
      return { type: 'node', at: () => node, constant: node };
    }
    case 'column':
      return columnValue(expression.name, span, scope);
    case 'call':
      if (AGGREGATES.has(expression.name)) {
        if (scope.aggregate === undefined)
          throw new QueryError(
            scope.query,
            span,
            `${expression.name}(…) counts over groups and cannot stand here`,
            'use having for conditions on groups',
          );
        return scope.aggregate(expression);
      }
      return callValue(expression, scope);
    case 'unary': {
      if (expression.operator === 'not') {
        const { at } = needBoolean(expression.operand, scope);
        return { type: 'boolean', at: (row) => !at(row) };
      }
      const { at, unit } = needNumber(expression.operand, scope);
      return { type: 'number', unit, at: (row) => -at(row) };
    }
    case 'binary':
      return binaryValue(expression, scope);
    case 'in': {
      const tests = expression.list.map(
        (each) =>
          compareValues(
            { ...expression, kind: 'binary', operator: '=', left: expression.operand, right: each },
            scope,
          ).at,
      );
      const { negated } = expression;
      return { type: 'boolean', at: (row) => tests.some((test) => test(row)) !== negated };
    }
  }
}

/** Node with an id, NO_NODE when there is none. */
export function findNode({ snapshot }: Heap, id: number): number {
  return snapshot.nodeId.indexOf(id);
}

export function needBoolean(expression: Expression, scope: QueryScope): BooleanValue {
  const value = compileExpression(expression, scope);
  if (value.type === 'boolean') return value;
  throw new QueryError(scope.query, expression.span, `this is ${typeName(value)}, and a condition is needed`);
}

export function needNumber(expression: Expression, scope: QueryScope): NumberValue {
  const value = compileExpression(expression, scope);
  const number = asNumber(value, scope.heap);
  if (number !== undefined) return number;
  throw new QueryError(
    scope.query,
    expression.span,
    `this is ${typeName(value)}, and a number is needed`,
    value.type === 'text' ? 'number(…) reads a number out of a text' : undefined,
  );
}

export function needText(expression: Expression, scope: QueryScope): TextValue {
  const value = compileExpression(expression, scope);
  if (value.type === 'text') return value;
  throw new QueryError(scope.query, expression.span, `this is ${typeName(value)}, and a text is needed`);
}

/** An object; a plain number is taken for an id. */
export function needNode(expression: Expression, scope: QueryScope): NodeValue {
  const value = compileExpression(expression, scope);
  if (value.type === 'node') return value;
  if (value.type === 'number' && value.constant !== undefined && Number.isInteger(value.constant)) {
    const node = findNode(scope.heap, value.constant);
    if (node !== NO_NODE) return { type: 'node', at: () => node, constant: node };
    throw new QueryError(scope.query, expression.span, `there is no object @${value.constant}`);
  }
  throw new QueryError(
    scope.query,
    expression.span,
    `this is ${typeName(value)}, and an object is needed, like @123`,
  );
}

function columnValue(name: string, span: Span, scope: QueryScope): QueryValue {
  const known = scope.made.get(name);
  if (known !== undefined) return known;
  const column = scope.table.columns.get(name);
  if (column === undefined) {
    const names = [...scope.table.columns.keys()];
    const near = nearestName(name, names);
    throw new QueryError(
      scope.query,
      span,
      `${scope.table.name} has no column ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
      `columns: ${names.join(', ')}`,
    );
  }
  const value = column.make();
  scope.made.set(name, value);
  return value;
}

function callValue(call: Expression & { kind: 'call' }, scope: QueryScope): QueryValue {
  if (!Object.hasOwn(FUNCTIONS, call.name)) {
    const near = nearestName(call.name, [...Object.keys(FUNCTIONS), ...AGGREGATES]);
    throw new QueryError(
      scope.query,
      call.span,
      `there is no function ${call.name}${near === undefined ? '' : `; did you mean ${near}?`}`,
      `functions: ${[...AGGREGATES, ...Object.keys(FUNCTIONS)].join(', ')}`,
    );
  }
  return compileFunction(call, scope);
}

function binaryValue(expression: Expression & { kind: 'binary' }, scope: QueryScope): QueryValue {
  const { operator, left, right } = expression;
  switch (operator) {
    case 'and': {
      const [a, b] = [needBoolean(left, scope).at, needBoolean(right, scope).at];
      return { type: 'boolean', at: (row) => a(row) && b(row) };
    }
    case 'or': {
      const [a, b] = [needBoolean(left, scope).at, needBoolean(right, scope).at];
      return { type: 'boolean', at: (row) => a(row) || b(row) };
    }
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, needNumber(left, scope), needNumber(right, scope));
    default:
      return compareValues(expression, scope);
  }
}

function arithmetic(operator: BinaryOperator, left: NumberValue, right: NumberValue): NumberValue {
  const [a, b] = [left.at, right.at];
  const bytes = left.unit === 'bytes' || right.unit === 'bytes';
  const ratio = operator === '/' && right.unit !== 'number' && right.constant === undefined;
  const unit = bytes && !ratio ? 'bytes' : 'number';
  const compute: Record<string, (row: number) => number> = {
    '+': (row) => a(row) + b(row),
    '-': (row) => a(row) - b(row),
    '*': (row) => a(row) * b(row),
    '/': (row) => a(row) / b(row),
    '%': (row) => a(row) % b(row),
  };
  return { type: 'number', unit, at: compute[operator] as (row: number) => number };
}

function compareValues(expression: Expression & { kind: 'binary' }, scope: QueryScope): BooleanValue {
  const { operator, left, right, span } = expression;
  const a = compileExpression(left, scope);
  const b = compileExpression(right, scope);
  if (operator === '~' || operator === '!~' || operator === 'like') {
    if (a.type !== 'text')
      throw new QueryError(scope.query, left.span, `this is ${typeName(a)}, and only texts match patterns`);
    const matches = matchText(a, patternOf(operator, b, right, scope));
    return { type: 'boolean', at: operator === '!~' ? (row) => !matches(row) : matches };
  }
  if (a.type === 'regex' || b.type === 'regex')
    throw new QueryError(scope.query, span, 'regular expressions are matched with ~ and !~');
  if (a.type === 'text' && b.type === 'text') return { type: 'boolean', at: compareTexts(operator, a, b) };
  if (a.type === 'boolean' && b.type === 'boolean' && (operator === '=' || operator === '!=')) {
    const wanted = operator === '=';
    return { type: 'boolean', at: (row) => (a.at(row) === b.at(row)) === wanted };
  }
  if (a.type === 'node' && b.type === 'node' && (operator === '=' || operator === '!=')) {
    const wanted = operator === '=';
    return { type: 'boolean', at: (row) => (a.at(row) === b.at(row)) === wanted };
  }
  const [x, y] = [asNumber(a, scope.heap), asNumber(b, scope.heap)];
  if (x === undefined || y === undefined)
    throw new QueryError(scope.query, span, `${typeName(a)} cannot be compared with ${typeName(b)}`);
  return { type: 'boolean', at: compareNumbers(operator, x, y) };
}

/** What stands right of `~`: a regular expression, or a text that is looked for as it is. */
function patternOf(operator: string, value: QueryValue, expression: Expression, scope: QueryScope): TextTest {
  if (value.type === 'regex' && operator !== 'like') return value.test;
  if (value.type === 'text' && value.constant !== undefined) {
    const text = value.constant;
    if (operator === 'like') return compileLike(text);
    return { test: (each) => each.includes(text), infix: text };
  }
  throw new QueryError(
    scope.query,
    expression.span,
    operator === 'like'
      ? "like needs a text such as '%Session%'"
      : "~ needs a pattern such as /Session/ or 'Session'",
  );
}

function compareTexts(operator: BinaryOperator, a: TextValue, b: TextValue): (row: number) => boolean {
  if (b.constant !== undefined) {
    const text = b.constant;
    if (operator === '=') return matchText(a, { test: (each) => each === text, exact: text });
    if (operator === '!=') {
      const same = matchText(a, { test: (each) => each === text, exact: text });
      return (row) => !same(row);
    }
  }
  const test = orderTest(operator);
  return (row) => {
    const [x, y] = [a.at(row), b.at(row)];
    return test(x < y ? -1 : x > y ? 1 : 0);
  };
}

function orderTest(operator: BinaryOperator): (order: number) => boolean {
  const tests: Partial<Record<BinaryOperator, (order: number) => boolean>> = {
    '=': (order) => order === 0,
    '!=': (order) => order !== 0,
    '<': (order) => order < 0,
    '<=': (order) => order <= 0,
    '>': (order) => order > 0,
    '>=': (order) => order >= 0,
  };
  return tests[operator] ?? (() => false);
}

/** With a constant on the right, the usual case, one call less per row. Unknown (NaN) compares as false. */
function compareNumbers(operator: BinaryOperator, a: NumberValue, b: NumberValue): (row: number) => boolean {
  const [x, y] = [a.at, b.at];
  const k = b.constant;
  switch (operator) {
    case '=':
      return k === undefined ? (row) => x(row) === y(row) : (row) => x(row) === k;
    case '!=':
      return (row) => {
        const [left, right] = [x(row), k ?? y(row)];
        return left !== right && !Number.isNaN(left) && !Number.isNaN(right);
      };
    case '<':
      return k === undefined ? (row) => x(row) < y(row) : (row) => x(row) < k;
    case '<=':
      return k === undefined ? (row) => x(row) <= y(row) : (row) => x(row) <= k;
    case '>':
      return k === undefined ? (row) => x(row) > y(row) : (row) => x(row) > k;
    default:
      return k === undefined ? (row) => x(row) >= y(row) : (row) => x(row) >= k;
  }
}

function asNumber(value: QueryValue, { snapshot }: Heap): NumberValue | undefined {
  if (value.type === 'number') return value;
  if (value.type !== 'node') return undefined;
  const { at } = value;
  const idOf = (node: number) => (node === NO_NODE ? Number.NaN : (snapshot.nodeId[node] as number));
  return {
    type: 'number',
    unit: 'number',
    at: (row) => idOf(at(row)),
    ...(value.constant === undefined ? {} : { constant: idOf(value.constant) }),
  };
}

export function typeName(value: QueryValue): string {
  const names: Record<QueryValue['type'], string> = {
    number: 'a number',
    text: 'a text',
    boolean: 'a condition',
    node: 'an object',
    regex: 'a regular expression',
  };
  return names[value.type];
}
