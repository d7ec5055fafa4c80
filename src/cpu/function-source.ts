/** Looks up lines of original sources; undefined when the file is not at hand. */
export interface SourceLines {
  lines(file: string): readonly string[] | undefined;
}

/** Lines of a function in its file, 1-based, both inclusive. */
export interface FunctionExtent {
  first: number;
  last: number;
}

/** Functions longer than this are not searched: a minified bundle in one "function" tells nothing by its text. */
const LINE_LIMIT = 4000;
const CHARACTER_LIMIT = 400_000;

/**
 * Where the function that starts at `line` (and `column`, both 1-based, column 0 = unknown) ends, found by matching
 * brackets in the text. V8 puts the position of a function on the `(` of its parameters; source maps may put it on the
 * name or on `function`. Good for JavaScript and TypeScript that a person wrote; undefined when the brackets do not
 * close within the limits.
 *
 *     line 37   export function hashPassword(password, salt) {     ← position is on "("
 *               …
 *     line 43   }                                                  ← last
 */
export function findFunctionExtent(
  lines: readonly string[],
  line: number,
  column: number,
): FunctionExtent | undefined {
  if (line < 1 || line > lines.length) return undefined;
  const text = lines.slice(line - 1, line - 1 + LINE_LIMIT).join('\n');
  const scanner = new BracketScanner(text.slice(0, CHARACTER_LIMIT), Math.max(0, column - 1));
  const end = scanner.endOfFunction();
  if (end === undefined) return undefined;
  let last = line;
  for (let index = 0; index < end; index++) if (text.charCodeAt(index) === 10) last++;
  return { first: line, last };
}

/** Lines of `extent` whose code (comments left out) matches; 1-based. */
export function findLines(lines: readonly string[], extent: FunctionExtent, pattern: RegExp): number[] {
  const found: number[] = [];
  for (let line = extent.first; line <= Math.min(extent.last, lines.length); line++) {
    const code = lines[line - 1]!.replace(/(^|\s)\/\/.*$/, '').replace(/^\s*\*.*$/, '');
    if (code.length < 2000 && pattern.test(code)) found.push(line);
  }
  return found;
}

/** A pattern for calls of `name`, not for its declaration; undefined for names that no source text can hold. */
export function callPattern(name: string): RegExp | undefined {
  const last = name.split(/[.\s]/).at(-1)!.replace(/^#/, '');
  if (!/^[\w$]+$/.test(last)) return undefined;
  return new RegExp(`(?<!function\\s*\\*?\\s*)(?<![\\w$])#?${last.replace(/\$/g, '\\$&')}\\s*(\\?\\.)?\\(`);
}

/** Characters after which a `/` starts a regular expression, not a division. */
const BEFORE_REGEXP = '(,=:[!&|?{};+-*%~^<>\n';

/** Walks over JavaScript text with strings, templates, comments and regular expressions skipped. */
class BracketScanner {
  readonly #text: string;
  #at: number;
  /** Last code character that is not a space: tells a regular expression from a division. */
  #before = '\n';

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  /** Index just after the function; see {@link findFunctionExtent}. */
  endOfFunction(): number | undefined {
    const text = this.#text;
    // `value => …` has no parameter list; everything else goes to its closing bracket first.
    const head = this.#next();
    if (head === undefined) return undefined;
    if (text[head] === '(') {
      if (!this.#closeBracket()) return undefined;
    } else if (text[head] === '{') {
      // A static block or a position inside of the head: the bracket is the body.
      return this.#closeBracket() ? this.#at : undefined;
    }
    for (let body = this.#next(); body !== undefined; body = this.#next()) {
      const mark = text[body]!;
      if (mark === '{') return this.#closeBracket() ? this.#at : undefined;
      if (mark === '(' || mark === '[') {
        if (!this.#closeBracket()) return undefined;
      } else if (mark === '>' && text[body - 1] === '=') {
        return this.#endOfArrowBody();
      } else if (mark === ';' || mark === ')' || mark === '}') {
        return undefined;
      }
    }
    return undefined;
  }

  #endOfArrowBody(): number | undefined {
    let seen = false;
    for (let at = this.#next(); at !== undefined; at = this.#next()) {
      const mark = this.#text[at]!;
      if (mark === '{' || mark === '(' || mark === '[') {
        if (!this.#closeBracket()) return undefined;
        if (mark === '{' && !seen) return this.#at;
        seen = true;
      } else if (mark === ')' || mark === ']' || mark === '}' || mark === ';' || mark === ',') {
        return at;
      } else {
        seen = true;
      }
    }
    return this.#at;
  }

  /** After an opening bracket was returned by #next: moves behind its closing one. */
  #closeBracket(): boolean {
    let depth = 1;
    for (let at = this.#next(); at !== undefined; at = this.#next()) {
      const mark = this.#text[at]!;
      if (mark === '(' || mark === '[' || mark === '{') depth++;
      else if (mark === ')' || mark === ']' || mark === '}') {
        depth--;
        if (depth === 0) return true;
      }
    }
    return false;
  }

  /** Index of the next character that matters: brackets, `;`, `,`, `>`; or of any first code character of an arrow. */
  #next(): number | undefined {
    const text = this.#text;
    while (this.#at < text.length) {
      const at = this.#at++;
      const mark = text[at]!;
      if (mark === ' ' || mark === '\t' || mark === '\r' || mark === '\n') continue;
      if (mark === '/' && text[at + 1] === '/') this.#skipTo('\n');
      else if (mark === '/' && text[at + 1] === '*') this.#skipTo('*/');
      else if (mark === '"' || mark === "'") this.#skipString(mark);
      else if (mark === '`') this.#skipTemplate();
      else if (mark === '/' && this.#startsRegexp()) this.#skipRegexp();
      else if ('()[]{};,>'.includes(mark)) {
        this.#before = mark;
        return at;
      }
      this.#before = mark;
    }
    return undefined;
  }

  #startsRegexp(): boolean {
    return (
      BEFORE_REGEXP.includes(this.#before) ||
      /\b(return|typeof|case|of|in)\s*$/.test(this.#text.slice(Math.max(0, this.#at - 12), this.#at - 1))
    );
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found === -1 ? this.#text.length : found + end.length;
  }

  #skipString(quote: string): void {
    while (this.#at < this.#text.length) {
      const mark = this.#text[this.#at++];
      if (mark === '\\') this.#at++;
      else if (mark === quote || mark === '\n') return;
    }
  }

  #skipRegexp(): void {
    let inClass = false;
    while (this.#at < this.#text.length) {
      const mark = this.#text[this.#at++];
      if (mark === '\\') this.#at++;
      else if (mark === '[') inClass = true;
      else if (mark === ']') inClass = false;
      else if (mark === '\n' || (mark === '/' && !inClass)) return;
    }
  }

  /** Templates nest (`${`…`}`): an explicit count instead of recursion, the text may be hostile. */
  #skipTemplate(): void {
    const open: ('template' | 'code')[] = ['template'];
    while (open.length > 0 && this.#at < this.#text.length) {
      const mark = this.#text[this.#at++];
      if (mark === '\\') this.#at++;
      else if (open.at(-1) === 'template') {
        if (mark === '`') open.pop();
        else if (mark === '$' && this.#text[this.#at] === '{') {
          this.#at++;
          open.push('code');
        }
      } else if (mark === '`') open.push('template');
      else if (mark === '{') open.push('code');
      else if (mark === '}') open.pop();
      else if (mark === '"' || mark === "'") this.#skipString(mark);
    }
  }
}
