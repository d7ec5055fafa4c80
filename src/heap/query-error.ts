import { HolterError } from '../base/errors.ts';

/** Part of a query's text, for pointing at it; `to` is exclusive. */
export interface Span {
  from: number;
  to: number;
}

/** A query that cannot be understood. Its message ends with the line of the query and a caret below the place. */
export class QueryError extends HolterError {
  /** 0-based, in the text of the query. */
  readonly span: Span;

  constructor(query: string, span: Span, what: string, hint?: string) {
    super('E_USAGE', `${what}\n${pointAt(query, span)}`, hint === undefined ? {} : { hint });
    this.span = span;
  }
}

const MOST_COLUMNS = 74;

/** The line of the query and a caret under its part; of a long line what is around it. */
function pointAt(query: string, span: Span): string {
  const begin = query.lastIndexOf('\n', Math.max(0, span.from - 1)) + 1;
  const end = query.indexOf('\n', span.from);
  let line = query.slice(begin, end < 0 ? undefined : end).replaceAll('\t', ' ');
  let at = span.from - begin;
  const length = Math.max(1, Math.min(span.to, begin + line.length) - span.from);
  if (line.length > MOST_COLUMNS) {
    const cut = Math.max(0, at - MOST_COLUMNS / 2);
    line = `${cut > 0 ? '…' : ''}${line.slice(cut, cut + MOST_COLUMNS)}`;
    at -= cut - (cut > 0 ? 1 : 0);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  const clean = line.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  return `  ${clean}\n  ${' '.repeat(at)}${'^'.repeat(Math.min(length, MOST_COLUMNS))}`;
}

/** The name nearest to a misspelt one, undefined when none is near. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.ceil(name.length / 3)) + 1;
  const wanted = name.toLowerCase().slice(0, 40);
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          row[j]! + 1,
          next[j - 1]! + 1,
          row[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length]!;
}
