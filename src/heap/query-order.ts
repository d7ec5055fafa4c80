import { compileExpression, type QueryScope } from './query-compile.ts';
import { QueryError } from './query-error.ts';
import type { Expression } from './query-syntax.ts';

type Key = number | string;

/** Keeps the first `count` of many rows by some keys, in memory for a few times `count`; equal ones as they came. */
export class OrderedRows {
  private readonly keys: { at: (row: number) => Key; sign: 1 | -1 }[];
  private readonly count: number;
  private rows: { row: number; keys: Key[]; seen: number }[] = [];
  /** First key of the last row that is kept. */
  private bound: Key | undefined;
  private seen = 0;

  constructor(
    orderBy: readonly { expression: Expression; descending: boolean }[],
    scope: QueryScope,
    count: number,
  ) {
    this.count = count;
    this.keys = orderBy.map(({ expression, descending }) => {
      const value = compileExpression(expression, scope);
      if (value.type === 'regex')
        throw new QueryError(scope.query, expression.span, 'rows cannot be ordered by a regular expression');
      const { at } = value;
      return {
        at: value.type === 'boolean' ? (row: number) => (at(row) ? 1 : 0) : (at as (row: number) => Key),
        sign: descending ? -1 : 1,
      };
    });
  }

  add(row: number): void {
    const seen = this.seen++;
    const [first] = this.keys;
    if (first === undefined) {
      if (this.rows.length < this.count) this.rows.push({ row, keys: [], seen });
      return;
    }
    const key = first.at(row);
    if (this.bound !== undefined && compareKeys(key, this.bound, first.sign) > 0) return;
    const keys = [key];
    for (let index = 1; index < this.keys.length; index++) keys.push(this.keys[index]!.at(row));
    this.rows.push({ row, keys, seen });
    if (this.rows.length >= 2 * this.count + 1000) this.cut();
  }

  /** The rows in order; `add` no more after it. */
  finish(): number[] {
    this.cut();
    return this.rows.map(({ row }) => row);
  }

  private cut(): void {
    this.rows.sort((a, b) => {
      for (let index = 0; index < this.keys.length; index++) {
        const order = compareKeys(a.keys[index] as Key, b.keys[index] as Key, this.keys[index]!.sign);
        if (order !== 0) return order;
      }
      return a.seen - b.seen;
    });
    if (this.rows.length >= this.count) {
      this.rows.length = this.count;
      this.bound = this.rows[this.count - 1]?.keys[0];
    }
  }
}

/** Below 0: `a` comes first. Unknown numbers come last, whichever way the order goes. */
function compareKeys(a: Key, b: Key, sign: 1 | -1): number {
  const [aUnknown, bUnknown] = [Number.isNaN(a), Number.isNaN(b)];
  if (aUnknown || bUnknown) return Number(aUnknown) - Number(bUnknown);
  return a < b ? -sign : a > b ? sign : 0;
}
