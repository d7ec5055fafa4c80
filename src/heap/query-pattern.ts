import { QueryError, type Span } from './query-error.ts';
import type { TextTest } from './query-value.ts';

/** Signs that mean something in a regular expression. */
const SPECIAL = /[\\^$.*+?()[\]{}|]/;

/**
 * A regular expression of a query. Names are at most 1024 characters, each different one is tested once, and the walk over
 * the rows has a time limit (query-watchdog.ts), because some patterns never end.
 * @throws QueryError (E_USAGE)
 */
export function compilePattern(query: string, span: Span, pattern: string, flags: string): TextTest {
  if (/[^ius]/.test(flags))
    throw new QueryError(query, span, 'of the flags of regular expressions only i, s and u can be used');
  let compiled: RegExp;
  try {
    compiled = new RegExp(pattern, flags);
  } catch (error) {
    throw new QueryError(query, span, (error as Error).message);
  }
  const plain =
    !SPECIAL.test(pattern.replaceAll('\\/', '')) && !flags.includes('i') && !pattern.includes('\\');
  if (plain) return { test: (text) => compiled.test(text), infix: pattern };
  const part = flags.includes('i') ? undefined : requiredPart(pattern);
  return { test: (text) => compiled.test(text), ...(part === undefined ? {} : { part }) };
}

/**
 * The longest text that every match must have, of patterns simple enough to be sure: without groups and alternatives.
 * Looking for it in all strings at once is much faster than decoding each.
 */
export function requiredPart(pattern: string): string | undefined {
  if (/[()|]|\\[^wWdDsSbB.*+?^$[\]{}/]/.test(pattern)) return undefined;
  let best = '';
  let run = '';
  const end = () => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (const [piece] of pattern.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|\{[^}]*\}|./gsu)) {
    if (/^[*?{]/.test(piece)) {
      // The sign before may be missing.
      run = run.slice(0, -1);
      end();
    } else if (piece === '+' || /^[.^$[\\]/.test(piece) || !/^[ !#-~]$/.test(piece)) end();
    else run += piece;
  }
  end();
  return best.length > 1 ? best : undefined;
}

/** SQL's `like`: `%` is any text, `_` any character, letters as written. Quadratic at worst. */
export function compileLike(pattern: string): TextTest {
  if (!/[%_]/.test(pattern)) return { test: (text) => text === pattern, exact: pattern };
  const inner = /^%([^%_]+)%$/.exec(pattern)?.[1];
  return {
    test: (text) => isLike(text, pattern),
    ...(inner === undefined ? {} : { infix: inner }),
  };
}

function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let mark = 0;
  while (at < text.length) {
    if (pattern[want] === '%') {
      star = want++;
      mark = at;
    } else if (want < pattern.length && (pattern[want] === '_' || pattern[want] === text[at])) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[want] === '%') want++;
  return want === pattern.length;
}
