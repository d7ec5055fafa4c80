import type { SnapshotStrings } from './snapshot-strings.ts';

/** How a number is shown. */
export type QueryUnit = 'number' | 'bytes' | 'count' | 'id' | 'text' | 'boolean';

/** No object, where a value is one. */
export const NO_NODE = -1;

/**
 * A typed expression, made once per query and called once per row. Unknown numbers are NaN, unknown texts '', unknown
 * objects NO_NODE: what is compared with them is false.
 */
export type QueryValue = NumberValue | TextValue | BooleanValue | NodeValue | RegexValue;

export interface NumberValue {
  type: 'number';
  unit: 'number' | 'bytes' | 'count';
  at: (row: number) => number;
  constant?: number;
}

export interface TextValue {
  type: 'text';
  at: (row: number) => string;
  constant?: string;
  /** Rows with the same code have the same text, so that a test is made once per code. */
  codes?: { count: number; at: (row: number) => number; text: (code: number) => string };
  /** Test of a row's text with what is fastest for it; `exact` and `infix` say what the test is, where it is that simple. */
  matcher?: (test: TextTest) => (row: number) => boolean;
}

export interface BooleanValue {
  type: 'boolean';
  at: (row: number) => boolean;
  constant?: boolean;
}

/** An object of the snapshot, by its node; as a number it is its id. */
export interface NodeValue {
  type: 'node';
  at: (row: number) => number;
  constant?: number;
}

export interface RegexValue {
  type: 'regex';
  test: TextTest;
}

export interface TextTest {
  test: (text: string) => boolean;
  exact?: string;
  /** The test is true for exactly the texts that contain this. */
  infix?: string;
  /** What all texts that pass contain (ASCII, no quotes or backslashes); not all that contain it pass. */
  part?: string;
}

/** A test of the text in each row: once per distinct text where the column has codes. */
export function matchText(value: TextValue, test: TextTest): (row: number) => boolean {
  if (value.matcher !== undefined) return value.matcher(test);
  const { codes, at } = value;
  if (codes === undefined) return (row) => test.test(at(row));
  const known = new Uint8Array(codes.count);
  const { at: codeAt, text } = codes;
  return (row) => {
    const code = codeAt(row);
    let answer = known[code] as number;
    if (answer === 0) {
      answer = test.test(text(code)) ? 2 : 1;
      known[code] = answer;
    }
    return answer === 2;
  };
}

/** A text column that is an index into the strings of the snapshot. */
export function stringColumn(strings: SnapshotStrings, index: (row: number) => number): TextValue {
  const text = (code: number) => strings.get(code);
  const codes = { count: strings.count, at: index, text };
  const plain: TextValue = { type: 'text', at: (row) => text(index(row)), codes };
  return {
    ...plain,
    matcher(test) {
      if (test.exact !== undefined) {
        const wanted = strings.find(test.exact);
        return (row) => index(row) === wanted;
      }
      if (test.infix !== undefined && /^[ !#-[\]-~]+$/.test(test.infix)) {
        const found = new Uint8Array(strings.count);
        for (const each of strings.search({ infix: test.infix })) found[each] = 1;
        return (row) => found[index(row)] === 1;
      }
      const matches = matchText(plain, test);
      if (test.part === undefined) return matches;
      const likely = new Uint8Array(strings.count);
      for (const each of strings.search({ infix: test.part })) likely[each] = 1;
      return (row) => likely[index(row)] === 1 && matches(row);
    },
  };
}
