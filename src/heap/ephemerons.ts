import type { SnapshotStrings } from './snapshot-strings.ts';

/**
 * Names of the two edges V8 writes for an entry of a WeakMap, one out of the key and one out of the table:
 * `5 / part of key (Foo @11) -> value (Bar @13) pair in WeakMap (table @17)` (v8 heap-snapshot-generator.cc).
 */
export interface Ephemerons {
  /** By string index: 1 = such a name. Undefined when there is none. */
  readonly isName: Uint8Array | undefined;
  /** String index → id of the table. */
  readonly table: ReadonlyMap<number, number>;
  /** String index → number of the pair: the same for both edges of an entry. */
  readonly pair: ReadonlyMap<number, number>;
}

const INFIX = ' / part of key (';
const NAME = /^\d+( \/ part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\))$/;

export function findEphemerons(strings: SnapshotStrings): Ephemerons {
  const table = new Map<number, number>();
  const pair = new Map<number, number>();
  const pairs = new Map<string, number>();
  const names = strings.search({ infix: INFIX });
  if (names.length === 0) return { isName: undefined, table, pair };
  const isName = new Uint8Array(strings.count);
  for (const index of names) {
    const match = NAME.exec(strings.get(index));
    if (match === null) continue;
    const [, both = '', id = ''] = match;
    isName[index] = 1;
    table.set(index, Number.parseInt(id, 10));
    const number = pairs.get(both) ?? pairs.size;
    pairs.set(both, number);
    pair.set(index, number);
  }
  return { isName, table, pair };
}
