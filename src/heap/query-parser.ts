import { nearestName, QueryError, type Span } from './query-error.ts';
import { readTokens, type Token } from './query-lexer.ts';
import type { BinaryOperator, Expression, QueryItem, QuerySyntax } from './query-syntax.ts';

/** Words that are no names. */
const RESERVED = new Set(
  'select from where group by having order limit offset as and or not in like between asc desc distinct'.split(
    ' ',
  ),
);
/** Deeper nesting is a mistake or an attack on the stack. */
const DEEPEST = 100;

/** Operators from the loosest to the tightest; those of one row from left to right. */
const LEVELS: Record<string, BinaryOperator>[] = [
  { or: 'or', '||': 'or' },
  { and: 'and', '&&': 'and' },
  {
    '=': '=',
    '==': '=',
    '!=': '!=',
    '<>': '!=',
    '<': '<',
    '<=': '<=',
    '>': '>',
    '>=': '>=',
    '~': '~',
    '!~': '!~',
    like: 'like',
  },
  { '+': '+', '-': '-' },
  { '*': '*', '/': '/', '%': '%' },
];
const COMPARING = 2;

/**
 * Reads a query: `select …`, or an expression alone (`path(@123)`, `dominates(@1, @2)`), which is selected.
 * @throws QueryError (E_USAGE) where it cannot be understood
 */
export function parseQuery(text: string): QuerySyntax {
  return new Parser(text).query();
}

class Parser {
  private readonly text: string;
  private readonly tokens: Token[];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = readTokens(text);
  }

  query(): QuerySyntax {
    const bare = !this.word('select');
    if (bare && this.peek().kind === 'end') this.fail(this.peek(), 'the query is empty');
    const syntax: QuerySyntax = {
      items: [],
      from: undefined,
      where: undefined,
      groupBy: [],
      having: undefined,
      orderBy: [],
      limit: undefined,
      offset: 0,
    };
    if (!this.sign('*')) syntax.items = this.list(() => this.item());
    const said = new Set<string>();
    for (;;) {
      const token = this.peek();
      const clause = token.kind === 'word' ? token.text.toLowerCase() : '';
      if (!['from', 'where', 'group', 'having', 'order', 'limit', 'offset'].includes(clause)) break;
      if (said.has(clause)) this.fail(token, `${clause} stands here a second time`);
      said.add(clause);
      this.at++;
      this.clause(clause, syntax);
    }
    this.sign(';');
    const rest = this.peek();
    if (rest.kind !== 'end') {
      const near =
        rest.kind === 'word'
          ? nearestName(rest.text, ['from', 'where', 'group by', 'having', 'order by', 'limit', 'and', 'or'])
          : undefined;
      this.fail(
        rest,
        `${describe(rest)} is not expected here${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    }
    return syntax;
  }

  private clause(clause: string, syntax: QuerySyntax): void {
    if (clause === 'from') {
      const name = this.name('a table');
      const args = this.sign('(') ? this.arguments().args : [];
      syntax.from = { table: name.text.toLowerCase(), args, span: { from: name.from, to: this.before().to } };
    } else if (clause === 'where') syntax.where = this.expression();
    else if (clause === 'having') syntax.having = this.expression();
    else if (clause === 'group') {
      this.expectWord('by');
      syntax.groupBy = this.list(() => this.expression());
    } else if (clause === 'order') {
      this.expectWord('by');
      syntax.orderBy = this.list(() => {
        const expression = this.expression();
        const descending = this.word('desc');
        if (!descending) this.word('asc');
        return { expression, descending };
      });
    } else if (clause === 'limit') syntax.limit = this.count('limit');
    else syntax.offset = this.count('offset');
  }

  private item(): QueryItem {
    const from = this.peek().from;
    const expression = this.expression();
    const written = this.text.slice(from, this.before().to).replace(/\s+/g, ' ').trim();
    if (!this.word('as')) return { expression, name: written };
    const token = this.peek();
    if (token.kind !== 'text' && token.kind !== 'word') this.fail(token, 'a name is expected after as');
    this.at++;
    return { expression, name: token.text };
  }

  private expression(): Expression {
    return this.level(0);
  }

  private level(level: number): Expression {
    if (level === LEVELS.length) return this.unary();
    if (level === COMPARING && this.word('not')) {
      const operand = this.deeper(() => this.level(COMPARING));
      return {
        kind: 'unary',
        operator: 'not',
        operand,
        span: { from: operand.span.from, to: operand.span.to },
      };
    }
    let left = this.level(level + 1);
    for (;;) {
      if (level === COMPARING) {
        const set = this.membership(left);
        if (set !== undefined) {
          left = set;
          continue;
        }
      }
      const token = this.peek();
      const operator =
        token.kind === 'sign' || token.kind === 'word'
          ? ownValue(LEVELS[level]!, token.text.toLowerCase())
          : undefined;
      if (operator === undefined) return left;
      this.at++;
      const right = this.deeper(() => this.level(level + 1));
      left = { kind: 'binary', operator, left, right, span: { from: left.span.from, to: right.span.to } };
    }
  }

  /** `x in (1, 2)`, `x not in (…)`, `x not like y`, `x between a and b`. */
  private membership(left: Expression): Expression | undefined {
    const begin = this.at;
    const negated = this.word('not');
    if (this.word('in')) {
      this.expectSign('(');
      const { args } = this.arguments();
      return {
        kind: 'in',
        operand: left,
        list: args,
        negated,
        span: { from: left.span.from, to: this.before().to },
      };
    }
    if (this.word('between')) {
      const low = this.level(COMPARING + 1);
      this.expectWord('and');
      const high = this.level(COMPARING + 1);
      const span = { from: left.span.from, to: high.span.to };
      const both: Expression = {
        kind: 'binary',
        operator: 'and',
        left: { kind: 'binary', operator: '>=', left, right: low, span },
        right: { kind: 'binary', operator: '<=', left, right: high, span },
        span,
      };
      return negated ? { kind: 'unary', operator: 'not', operand: both, span } : both;
    }
    if (negated && this.word('like')) {
      const right = this.level(COMPARING + 1);
      const span = { from: left.span.from, to: right.span.to };
      return {
        kind: 'unary',
        operator: 'not',
        operand: { kind: 'binary', operator: 'like', left, right, span },
        span,
      };
    }
    this.at = begin;
    return undefined;
  }

  private unary(): Expression {
    const token = this.peek();
    if (this.sign('-')) {
      const operand = this.deeper(() => this.unary());
      return { kind: 'unary', operator: '-', operand, span: { from: token.from, to: operand.span.to } };
    }
    if (this.sign('!')) {
      const operand = this.deeper(() => this.unary());
      return { kind: 'unary', operator: 'not', operand, span: { from: token.from, to: operand.span.to } };
    }
    return this.primary();
  }

  private primary(): Expression {
    const token = this.peek();
    const span: Span = { from: token.from, to: token.to };
    this.at++;
    switch (token.kind) {
      case 'number':
        return { kind: 'number', value: token.value, unit: token.unit, span };
      case 'text':
        return { kind: 'text', text: token.text, span };
      case 'regex':
        return { kind: 'regex', pattern: token.text, flags: token.flags, span };
      case 'id':
        return { kind: 'id', id: token.value, span };
      case 'word': {
        const name = token.text.toLowerCase();
        if (name === 'true' || name === 'false') return { kind: 'boolean', value: name === 'true', span };
        if (this.sign('(')) {
          const { args, star, distinct } = this.arguments();
          return {
            kind: 'call',
            name,
            args,
            star,
            distinct,
            span: { from: span.from, to: this.before().to },
          };
        }
        if (RESERVED.has(name)) break;
        return { kind: 'column', name, span };
      }
      case 'sign':
        if (token.text === '(') {
          const inner = this.deeper(() => this.expression());
          this.expectSign(')');
          return inner;
        }
        break;
      case 'end':
        break;
    }
    this.at--;
    return this.fail(token, `a column, number or text is expected, not ${describe(token)}`);
  }

  /** After `(`, up to and with `)`. */
  private arguments(): { args: Expression[]; star: boolean; distinct: boolean } {
    if (this.sign(')')) return { args: [], star: false, distinct: false };
    if (this.sign('*')) {
      this.expectSign(')');
      return { args: [], star: true, distinct: false };
    }
    const distinct = this.word('distinct');
    const args = this.list(() => this.deeper(() => this.expression()));
    this.expectSign(')');
    return { args, star: false, distinct };
  }

  private list<T>(one: () => T): T[] {
    const all = [one()];
    while (this.sign(',')) all.push(one());
    return all;
  }

  private deeper<T>(read: () => T): T {
    if (++this.depth > DEEPEST) this.fail(this.peek(), `nested deeper than ${DEEPEST} levels`);
    const result = read();
    this.depth--;
    return result;
  }

  private count(what: string): number {
    const token = this.peek();
    if (token.kind !== 'number' || !Number.isSafeInteger(token.value) || token.unit !== 'none')
      this.fail(token, `${what} needs a whole number`);
    this.at++;
    return token.value;
  }

  private name(what: string): Token {
    const token = this.peek();
    if (token.kind !== 'word' || RESERVED.has(token.text.toLowerCase()))
      this.fail(token, `${what} is expected, not ${describe(token)}`);
    this.at++;
    return token;
  }

  private word(word: string): boolean {
    const token = this.peek();
    if (token.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.at++;
    return true;
  }

  private sign(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.at++;
    return true;
  }

  private expectWord(word: string): void {
    if (!this.word(word)) this.fail(this.peek(), `${word} is expected, not ${describe(this.peek())}`);
  }

  private expectSign(sign: string): void {
    if (!this.sign(sign)) this.fail(this.peek(), `${sign} is expected, not ${describe(this.peek())}`);
  }

  private peek(): Token {
    return this.tokens[this.at] as Token;
  }

  private before(): Token {
    return this.tokens[Math.max(0, this.at - 1)] as Token;
  }

  private fail(token: Token, what: string): never {
    throw new QueryError(this.text, token, what);
  }
}

function ownValue<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function describe(token: Token): string {
  return token.kind === 'end' ? token.text : `"${token.text.slice(0, 40)}"`;
}
