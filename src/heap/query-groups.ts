import { compileExpression, needNumber, type QueryScope } from './query-compile.ts';
import { QueryError } from './query-error.ts';
import type { Expression } from './query-syntax.ts';
import type { QueryValue, TextValue } from './query-value.ts';

/** More groups than this are no answer, and would take gigabytes. */
export const MOST_GROUPS = 4_000_000;

/** Rows put together, and what is counted over each group. Values of groups are asked for with `current` set. */
export class QueryGroups {
  count = 0;
  /** Group whose values are read. */
  current = 0;
  /** By group: its first row, from which plain columns take their value. */
  firstRow: Uint32Array = new Uint32Array(16);
  /** Is a sum wanted that counts nested objects once: rows must then come in preorder. */
  nested = false;
  private readonly scope: QueryScope;
  private readonly groupOf: (row: number) => number;
  private readonly accumulators: Accumulator[] = [];
  private readonly made = new Map<Expression, QueryValue>();

  constructor(keys: readonly Expression[], scope: QueryScope) {
    this.scope = scope;
    this.groupOf = this.finder(keys);
  }

  /** The value of an aggregate, of the current group. The same one in the result and the order is counted once. */
  aggregate(call: Expression & { kind: 'call' }): QueryValue {
    const value = this.made.get(call) ?? this.make(call);
    this.made.set(call, value);
    return value;
  }

  private make(call: Expression & { kind: 'call' }): QueryValue {
    const { name, args, span } = call;
    const plain: QueryScope = { ...this.scope, aggregate: undefined };
    if (name === 'count') {
      if (args.length > 1) throw new QueryError(plain.query, span, 'count takes * or one value');
      const [value] = args;
      const accumulator = call.distinct
        ? distinctCounter(compileExpression(value as Expression, plain))
        : counter(value === undefined ? undefined : compileExpression(value, plain));
      return this.read(accumulator, 'count');
    }
    const [value] = args;
    if (args.length !== 1 || call.star || call.distinct || value === undefined)
      throw new QueryError(plain.query, span, `${name} takes one value, such as ${name}(shallow)`);
    const { at, unit } = needNumber(value, plain);
    const { nodeAt } = plain.table;
    if (name === 'sum' && value.kind === 'column' && value.name === 'retained' && nodeAt !== undefined) {
      this.nested = true;
      return this.read(topmostSum(at, nodeAt, plain), unit);
    }
    const make = { sum: sum, min: least, max: most, avg: mean }[name as 'sum' | 'min' | 'max' | 'avg'];
    return this.read(make(at), name === 'avg' && unit === 'count' ? 'number' : unit);
  }

  /** Takes a row into its group. */
  add(row: number): void {
    const group = this.groupOf(row);
    if (group === this.count) {
      if (group >= MOST_GROUPS)
        throw new QueryError(
          this.scope.query,
          { from: 0, to: 1 },
          `there are more than ${MOST_GROUPS} groups`,
          'narrow it with where',
        );
      if (group === this.firstRow.length) this.firstRow = widen(this.firstRow, Uint32Array);
      this.firstRow[group] = row;
      this.count++;
    }
    for (const accumulator of this.accumulators) accumulator.add(group, row);
  }

  private read(accumulator: Accumulator, unit: 'number' | 'bytes' | 'count'): QueryValue {
    this.accumulators.push(accumulator);
    return { type: 'number', unit, at: () => accumulator.get(this.current) };
  }

  /** Number of the row's group; `count` when it is the first of a new one. */
  private finder(keys: readonly Expression[]): (row: number) => number {
    const plain: QueryScope = { ...this.scope, aggregate: undefined };
    const values = keys.map((key) => compileExpression(key, plain));
    const [only] = values;
    if (only === undefined) return () => 0;
    if (values.length === 1 && only.type === 'text' && only.codes !== undefined)
      return this.byCode(only.codes);
    const parts = values.map((value, index) => keyPart(value, keys[index] as Expression, plain));
    const groups = new Map<string | number, number>();
    const first = parts[0] as (row: number) => string | number;
    const keyOf =
      parts.length === 1
        ? first
        : (row: number) => {
            let key = '';
            // The length before each part: no text can pretend to be two.
            for (const part of parts) {
              const text = String(part(row));
              key += `${text.length}:${text}`;
            }
            return key;
          };
    return (row) => {
      const key = keyOf(row);
      const known = groups.get(key);
      if (known !== undefined) return known;
      groups.set(key, this.count);
      return this.count;
    };
  }

  private byCode(codes: NonNullable<TextValue['codes']>): (row: number) => number {
    const groups = new Uint32Array(codes.count);
    return (row) => {
      const code = codes.at(row);
      const known = groups[code] as number;
      if (known !== 0) return known - 1;
      groups[code] = this.count + 1;
      return this.count;
    };
  }
}

function keyPart(value: QueryValue, key: Expression, scope: QueryScope): (row: number) => string | number {
  switch (value.type) {
    case 'regex':
      throw new QueryError(scope.query, key.span, 'rows cannot be grouped by a regular expression');
    case 'boolean':
      return (row) => (value.at(row) ? 1 : 0);
    case 'text':
      // Codes are as good as texts and need no decoding.
      return value.codes?.at ?? value.at;
    default:
      return value.at;
  }
}

interface Accumulator {
  add(group: number, row: number): void;
  get(group: number): number;
}

function numbers(
  initial: number,
  add: (before: number, value: number) => number,
  at: (row: number) => number,
): Accumulator {
  let values = new Float64Array(16).fill(initial);
  return {
    add(group, row) {
      const value = at(row);
      while (group >= values.length) values = widen(values, Float64Array, initial);
      if (!Number.isNaN(value)) values[group] = add(values[group] as number, value);
    },
    get: (group) => {
      const value = values[group] ?? initial;
      return Number.isFinite(value) ? value : Number.NaN;
    },
  };
}

function counter(value: QueryValue | undefined): Accumulator {
  const counts = (row: number): number => {
    if (value === undefined || value.type === 'regex' || value.type === 'boolean') return 1;
    if (value.type === 'text') return value.at(row) === '' ? 0 : 1;
    if (value.type === 'node') return value.at(row) < 0 ? 0 : 1;
    return Number.isNaN(value.at(row)) ? 0 : 1;
  };
  return numbers(0, (before, one) => before + one, value === undefined ? () => 1 : counts);
}

function distinctCounter(value: QueryValue): Accumulator {
  const seen: Set<unknown>[] = [];
  const at: (row: number) => unknown =
    value.type === 'regex'
      ? () => 0
      : value.type === 'text' && value.codes !== undefined
        ? value.codes.at
        : value.at;
  let total = 0;
  return {
    add(group, row) {
      while (seen.length <= group) seen.push(new Set());
      const set = seen[group] as Set<unknown>;
      const before = set.size;
      if (total < MOST_GROUPS) set.add(at(row));
      total += set.size - before;
    },
    get: (group) => seen[group]?.size ?? 0,
  };
}

function sum(at: (row: number) => number): Accumulator {
  return numbers(0, (before, value) => before + value, at);
}

function least(at: (row: number) => number): Accumulator {
  return numbers(Number.POSITIVE_INFINITY, (before, value) => Math.min(before, value), at);
}

function most(at: (row: number) => number): Accumulator {
  return numbers(Number.NEGATIVE_INFINITY, (before, value) => Math.max(before, value), at);
}

function mean(at: (row: number) => number): Accumulator {
  const [all, count] = [sum(at), numbers(0, (before) => before + 1, at)];
  return {
    add(group, row) {
      all.add(group, row);
      count.add(group, row);
    },
    get: (group) => all.get(group) / count.get(group),
  };
}

/** Retained sizes of those that are not below another of the group: rows come in preorder. */
function topmostSum(
  at: (row: number) => number,
  nodeAt: (row: number) => number,
  scope: QueryScope,
): Accumulator {
  const { rank, subtree } = scope.heap.graph;
  let values = new Float64Array(16);
  let ends = new Uint32Array(16);
  return {
    add(group, row) {
      while (group >= values.length) {
        values = widen(values, Float64Array);
        ends = widen(ends, Uint32Array);
      }
      const begin = rank[nodeAt(row)] as number;
      if (begin < (ends[group] as number)) return;
      ends[group] = begin + (subtree[begin] as number);
      values[group]! += at(row);
    },
    get: (group) => values[group] ?? 0,
  };
}

function widen<T extends Float64Array | Uint32Array>(
  values: T,
  Column: new (length: number) => T,
  initial = 0,
): T {
  const wider = new Column(values.length * 2);
  if (initial !== 0) wider.fill(initial);
  wider.set(values);
  return wider;
}
