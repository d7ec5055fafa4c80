import { QueryError, type Span } from './query-error.ts';

/** A word of a query. `text` of a `text` or `regex` is its content, of a `word` as written. */
export interface Token extends Span {
  kind: 'word' | 'number' | 'text' | 'regex' | 'id' | 'sign' | 'end';
  text: string;
  /** Of numbers (units applied) and ids. */
  value: number;
  /** Of numbers: `bytes` with a unit of size, `share` for `5%`, which is of the whole heap. */
  unit: 'none' | 'bytes' | 'share';
  /** Flags of a regex. */
  flags: string;
}

const UNITS: Record<string, number> = {
  b: 1,
  kb: 1e3,
  kib: 1024,
  mb: 1e6,
  mib: 1024 ** 2,
  gb: 1e9,
  gib: 1024 ** 3,
  k: 1e3,
  m: 1e6,
};
const SIGNS = [
  '<=',
  '>=',
  '!=',
  '<>',
  '==',
  '!~',
  '&&',
  '||',
  '=',
  '<',
  '>',
  '~',
  '(',
  ')',
  ',',
  '*',
  '+',
  '-',
  '/',
  '%',
  ';',
  '!',
];
/** Longest query; nobody types more, and all that follows is at least linear in it. */
export const LONGEST_QUERY = 20_000;
const MOST_TOKENS = 3000;

/**
 * Splits a query into words. A `/` begins a regular expression after `~`, `!~`, `(` and `,`, else it divides.
 * @throws QueryError (E_USAGE) at what is no word: an open quote, an unknown unit or sign
 */
export function readTokens(query: string): Token[] {
  if (query.length > LONGEST_QUERY)
    throw new QueryError('', { from: 0, to: 0 }, `the query is longer than ${LONGEST_QUERY} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token['kind'], to: number, text: string, more: Partial<Token> = {}) => {
    tokens.push({ kind, from: at, to, text, value: Number.NaN, unit: 'none', flags: '', ...more });
    at = to;
  };
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(query);
  };
  for (;;) {
    at += match(/[\s\u00a0]*/y)?.[0].length ?? 0;
    if (query.startsWith('--', at)) {
      const end = query.indexOf('\n', at);
      at = end < 0 ? query.length : end;
      continue;
    }
    if (at >= query.length) break;
    const sign = query[at] as string;
    if (sign === "'" || sign === '"') {
      const { text, to } = readQuoted(query, at, sign);
      push('text', to, text);
      continue;
    }
    const before = tokens.at(-1);
    if (sign === '/' && before?.kind === 'sign' && ['~', '!~', '(', ','].includes(before.text)) {
      const pattern = match(/\/((?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+)\/([a-z]*)/y);
      if (pattern === null)
        throw new QueryError(query, { from: at, to: query.length }, 'the regular expression has no end');
      push('regex', at + pattern[0].length, pattern[1] as string, { flags: pattern[2] as string });
      continue;
    }
    const id = match(/@(\d{1,10})(?![\w])/y);
    if (id !== null) {
      push('id', at + id[0].length, id[0], { value: Number(id[1]) });
      continue;
    }
    const number = match(/(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)(%(?!\s*[\w(@.])|[a-z_]\w*)?/iy);
    if (number !== null) {
      const to = at + number[0].length;
      const unit = number[2]?.toLowerCase();
      const factor =
        unit === undefined ? 1 : unit === '%' ? 0.01 : Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
      if (factor === undefined)
        throw new QueryError(
          query,
          { from: to - (unit as string).length, to },
          `${number[2]} is no unit`,
          'kB, MB, GB (1000), KiB, MiB, GiB (1024), % of the heap',
        );
      push('number', to, number[0], {
        value: Number(number[1]) * factor,
        unit: unit === undefined || unit === 'k' || unit === 'm' ? 'none' : unit === '%' ? 'share' : 'bytes',
      });
      continue;
    }
    const word = match(/[\p{L}_$][\p{L}\p{N}_$]*/uy);
    if (word !== null) {
      push('word', at + word[0].length, word[0]);
      continue;
    }
    const known = SIGNS.find((each) => query.startsWith(each, at));
    if (known === undefined) {
      const shown = /^[!-~]$/.test(sign) ? sign : `character U+${query.codePointAt(at)!.toString(16)}`;
      throw new QueryError(
        query,
        { from: at, to: at + 1 },
        sign === '@' ? 'an object id is @ and digits' : `${shown} means nothing here`,
      );
    }
    push('sign', at + known.length, known);
  }
  // Every word may be one more level of calls when the query runs.
  if (tokens.length > MOST_TOKENS)
    throw new QueryError(query, { from: 0, to: 1 }, `the query has more than ${MOST_TOKENS} words and signs`);
  push('end', at, 'the end of the query');
  return tokens;
}

/** `'it''s'` and `"it\"s"`: a doubled quote or a backslash stands for the character itself. */
function readQuoted(query: string, from: number, quote: string): { text: string; to: number } {
  let text = '';
  for (let at = from + 1; at < query.length; at++) {
    const sign = query[at] as string;
    if (sign === '\\' && at + 1 < query.length) {
      const next = query[++at] as string;
      text += next === 'n' ? '\n' : next === 't' ? '\t' : next;
    } else if (sign !== quote) text += sign;
    else if (query[at + 1] === quote) {
      text += quote;
      at++;
    } else return { text, to: at + 1 };
  }
  throw new QueryError(query, { from, to: query.length }, 'the text has no closing quote');
}
