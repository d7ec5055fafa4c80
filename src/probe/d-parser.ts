import { HolterError } from '../base/errors.ts';
import type { ProbeName } from './provider-host.ts';

/** Expressions of the D language; `at` is the offset in the text. */
export type Expression = { at: number } & (
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'name'; name: string }
  | { kind: 'variable'; scope: 'self' | 'this' | 'global'; name: string; keys: Expression[] }
  | { kind: 'macro'; name: string; asString: boolean }
  | { kind: 'field'; object: Expression; field: string }
  | { kind: 'element'; object: Expression; index: Expression }
  | { kind: 'unary'; op: '!' | '-' | '~' | '+'; operand: Expression }
  | { kind: 'step'; op: '++' | '--'; prefix: boolean; target: Expression }
  | { kind: 'binary'; op: string; left: Expression; right: Expression }
  | { kind: 'choice'; test: Expression; yes: Expression; no: Expression }
  | { kind: 'assign'; op: string; target: Expression; value: Expression }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'aggregation'; name: string; keys: Expression[] }
);

export type Statement =
  | { kind: 'expression'; value: Expression }
  | { kind: 'aggregate'; at: number; name: string; keys: Expression[]; fn: string; args: Expression[] }
  | { kind: 'if'; test: Expression; yes: Statement[]; no: Statement[] };

export interface Clause {
  at: number;
  probes: ProbeName[];
  predicate: Expression | undefined;
  statements: Statement[];
}

export interface Program {
  name: string;
  text: string;
  clauses: Clause[];
  /** `#pragma D option`. */
  options: Map<string, string>;
  /** `inline int name = expression;` */
  inlines: Map<string, Expression>;
}

const TYPES =
  /^(?:int|long|short|char|string|void|unsigned|signed|float|double|const|u?int(?:8|16|32|64)_t|u?intptr_t|size_t|ssize_t|pid_t|uid_t|gid_t|time_t|hrtime_t|boolean_t|uint_t|uchar_t|ushort_t|ulong_t|u?longlong_t)$/;
const REFUSED_WORDS: Record<string, string> = {
  sizeof: 'JavaScript values have no size in memory that D could know',
  offsetof: 'there are no structs',
  struct: 'there are no structs: use args[n]->field on an object',
  union: 'there are no structs',
  enum: 'there are no C types',
  typedef: 'there are no C types',
  translator: 'there are no structs to translate',
  xlate: 'there are no structs to translate',
  provider: 'a provider is declared by the application: holter/probe',
  curthread: 'the kernel is not looked at',
  curpsinfo: 'the kernel is not looked at: use pid, execname',
  curlwpsinfo: 'the kernel is not looked at',
  curcpu: 'the kernel is not looked at',
};
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['^^'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const ASSIGN = ['<<=', '>>=', '+=', '-=', '*=', '/=', '%=', '|=', '&=', '^=', '='];
const MOST_DEPTH = 200;
const MOST_TEXT = 1 << 20;

/** An error that points at the column. */
export function programError(
  program: { name: string; text: string },
  at: number,
  message: string,
): HolterError {
  const before = program.text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - (before.lastIndexOf('\n') + 1);
  const source = (program.text.split('\n')[line - 1] ?? '').replaceAll('\t', ' ');
  const from = Math.max(0, column - 60);
  return new HolterError(
    'E_USAGE',
    `${program.name}:${line}:${column + 1}: ${message}\n    ${source.slice(from, from + 100)}\n    ${' '.repeat(column - from)}^`,
    { hint: 'docs/probe.md says what of the D language is there' },
  );
}

/**
 * Reads a D program.
 * @throws HolterError E_USAGE with line, column and a caret; nothing else for whatever text
 */
export function parseProgram(text: string, name: string): Program {
  const program: Program = { name, text, clauses: [], options: new Map(), inlines: new Map() };
  let at = 0;
  let depth = 0;
  /** Inside parentheses a `/` divides, outside it may end the predicate. */
  let nested = 0;
  let inPredicate = false;
  const fail = (message: string, where = at): never => {
    throw programError(program, Math.min(where, text.length), message);
  };
  if (text.length > MOST_TEXT) fail('the program is longer than 1 MiB', 0);
  if (text.startsWith('#!')) at = end(text, 0);

  function end(source: string, from: number): number {
    const found = source.indexOf('\n', from);
    return found === -1 ? source.length : found;
  }
  function skip(): void {
    for (;;) {
      while (/\s/.test(text[at] ?? '')) at++;
      if (text.startsWith('/*', at)) {
        const close = text.indexOf('*/', at + 2);
        if (close === -1) fail('a comment is not closed');
        at = close + 2;
      } else if (text.startsWith('//', at)) at = end(text, at);
      else return;
    }
  }
  const word = (): string => {
    skip();
    return /^[A-Za-z_]\w*/.exec(text.slice(at, at + 200))?.[0] ?? '';
  };
  const take = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const need = (token: string, why: string): void => {
    if (!take(token)) fail(`\`${token}\` expected ${why}`);
  };
  const refuse = (token: string): void => {
    const why = Object.hasOwn(REFUSED_WORDS, token) ? REFUSED_WORDS[token] : undefined;
    if (why !== undefined) fail(`\`${token}\` is not supported: ${why}`);
  };

  function probe(): ProbeName {
    skip();
    const start = at;
    const run = /^[^\s,{};]+/.exec(text.slice(at, at + 1000))?.[0] ?? '';
    // A slash belongs to a path in the module while a colon follows; else it begins the predicate.
    let length = run.length;
    for (let i = run.indexOf('/'); i !== -1; i = run.indexOf('/', i + 1))
      if (!run.slice(i).includes(':') || /[=<>"!&|]/.test(run.slice(i))) {
        length = i;
        break;
      }
    const description = run.slice(0, length);
    if (description === '') fail('a probe description expected, as in http-server:::request-done', start);
    if (/^\d+$/.test(description)) fail('probes have no numbers here: give the name', start);
    if (/["'();=]/.test(description)) fail('this is no probe description', start);
    const parts = description.split(':');
    if (parts.length > 4)
      fail('a probe description has at most four parts: provider:module:function:name', start);
    at += length;
    while (parts.length < 4) parts.unshift('');
    const [provider = '', module = '', fn = '', last = ''] = parts;
    return { provider, module, function: fn, name: last };
  }

  function literal(quote: string): string {
    const start = at++;
    let value = '';
    for (;;) {
      const c = text[at];
      if (c === undefined || c === '\n') return fail('the text is not closed', start);
      at++;
      if (c === quote) return value;
      if (c !== '\\') {
        value += c;
        continue;
      }
      const escaped = text[at++] ?? '';
      const hex = /^x([0-9a-fA-F]{1,2})/.exec(escaped + text.slice(at, at + 2));
      const octal = /^[0-7]{1,3}/.exec(escaped + text.slice(at, at + 2));
      if (hex?.[1] !== undefined) {
        at += hex[1].length;
        value += String.fromCharCode(Number.parseInt(hex[1], 16));
      } else if (octal !== null) {
        at += octal[0].length - 1;
        value += String.fromCharCode(Number.parseInt(octal[0], 8));
      } else
        value +=
          ({ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' } as Record<string, string>)[
            escaped
          ] ?? escaped;
    }
  }

  function list(close: string): Expression[] {
    const items: Expression[] = [];
    nested++;
    if (!take(close)) {
      do items.push(expression());
      while (take(','));
      need(close, 'here');
    }
    nested--;
    return items;
  }

  function primary(): Expression {
    skip();
    const start = at;
    const c = text[at] ?? '';
    if (c === '"') return { kind: 'string', at: start, value: literal('"') };
    if (c === "'") {
      const value = literal("'");
      let number = 0;
      for (const one of value) number = number * 256 + one.charCodeAt(0);
      return { kind: 'number', at: start, value: number };
    }
    const number = /^(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:[uUlL]*)/.exec(
      text.slice(at, at + 60),
    )?.[0];
    if (number !== undefined) {
      at += number.length;
      const digits = number.replace(/[uUlL]+$/, '');
      const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
      return { kind: 'number', at: start, value };
    }
    if (c === '(') {
      at++;
      const save = at;
      const type = word();
      refuse(type);
      if (TYPES.test(type)) {
        // A cast: values are JavaScript's, so only its text is read.
        const cast = /^[\w\s*]+\)/.exec(text.slice(at, at + 100))?.[0];
        if (cast === undefined) fail('`)` expected after the type');
        at += cast?.length ?? 0;
        return unary();
      }
      at = save;
      nested++;
      const inner = expression();
      need(')', 'here');
      nested--;
      return inner;
    }
    if (c === '$') {
      const macro = /^\$\$?(?:\d+|[a-z]+)/.exec(text.slice(at, at + 30))?.[0];
      if (macro === undefined) return fail('a number or name expected after `$`');
      at += macro.length;
      const asString = macro.startsWith('$$');
      return { kind: 'macro', at: start, name: macro.replace(/^\$+/, ''), asString };
    }
    if (c === '@') {
      at++;
      const name = word();
      at += name.length;
      return { kind: 'aggregation', at: start, name, keys: take('[') ? list(']') : [] };
    }
    if (c === '`') fail('kernel variables (`) are not supported: only the process is looked at');
    if (c === '*' || c === '&') fail('pointers are not supported: values are JavaScript values');
    const name = word();
    if (name === '')
      return fail(
        c === '' ? 'the program ends here, an expression expected' : `an expression expected, not \`${c}\``,
      );
    refuse(name);
    at += name.length;
    if ((name === 'self' || name === 'this') && take('->')) {
      const field = word();
      if (field === '') fail(`a name expected after ${name}->`);
      at += field.length;
      return { kind: 'variable', at: start, scope: name, name: field, keys: take('[') ? list(']') : [] };
    }
    if (take('(')) return { kind: 'call', at: start, name, args: list(')') };
    if (name !== 'args' && take('['))
      return { kind: 'variable', at: start, scope: 'global', name, keys: list(']') };
    return { kind: 'name', at: start, name };
  }

  function postfix(): Expression {
    let value = primary();
    for (;;) {
      skip();
      const start = at;
      if (take('->') || (text[at] === '.' && take('.'))) {
        const field = word();
        if (field === '') fail('a name expected');
        at += field.length;
        value = { kind: 'field', at: start, object: value, field };
      } else if (take('[')) {
        const index = list(']');
        if (index.length !== 1) fail('one index expected', start);
        value = { kind: 'element', at: start, object: value, index: index[0] as Expression };
      } else if (take('++')) value = { kind: 'step', at: start, op: '++', prefix: false, target: value };
      else if (take('--')) value = { kind: 'step', at: start, op: '--', prefix: false, target: value };
      else return value;
    }
  }

  function unary(): Expression {
    skip();
    if (++depth > MOST_DEPTH) fail('too deeply nested');
    const start = at;
    let value: Expression;
    if (take('++')) value = { kind: 'step', at: start, op: '++', prefix: true, target: unary() };
    else if (take('--')) value = { kind: 'step', at: start, op: '--', prefix: true, target: unary() };
    else {
      const op = (['!', '-', '~', '+'] as const).find((one) => text.startsWith(one, at));
      if (op !== undefined) {
        at++;
        value = { kind: 'unary', at: start, op, operand: unary() };
      } else value = postfix();
    }
    depth--;
    return value;
  }

  /** True at the `/` that ends the predicate: outside parentheses, and the body follows. */
  function endsPredicate(): boolean {
    return inPredicate && nested === 0 && text[at] === '/' && /^\/\s*(?:\{|$|\/\*|\/\/)/.test(text.slice(at));
  }

  function binary(level: number): Expression {
    const ops = LEVELS[level];
    if (ops === undefined) return unary();
    let left = binary(level + 1);
    for (;;) {
      skip();
      if (endsPredicate()) return left;
      const rest = text.slice(at, at + 3);
      // The longest operator there: `<` is not the beginning of `<<=`.
      const longest = [...ASSIGN, ...LEVELS.flat()]
        .filter((op) => rest.startsWith(op))
        .sort((a, b) => b.length - a.length)[0];
      const op = longest !== undefined && ops.includes(longest) ? longest : undefined;
      if (op === undefined) return left;
      const start = at;
      at += op.length;
      left = { kind: 'binary', at: start, op, left, right: binary(level + 1) };
    }
  }

  function expression(): Expression {
    if (++depth > MOST_DEPTH) fail('too deeply nested');
    let value = binary(0);
    skip();
    const start = at;
    if (take('?')) {
      const yes = expression();
      need(':', 'of `? :`');
      value = { kind: 'choice', at: start, test: value, yes, no: expression() };
    } else if (!endsPredicate()) {
      const op = text.startsWith('==', at) ? undefined : ASSIGN.find((one) => text.startsWith(one, at));
      if (op !== undefined) {
        at += op.length;
        if (value.kind !== 'name' && value.kind !== 'variable' && value.kind !== 'aggregation')
          fail('only a variable or an aggregation can be assigned', start);
        value = { kind: 'assign', at: start, op, target: value, value: expression() };
      }
    }
    depth--;
    return value;
  }

  function statement(): Statement | undefined {
    skip();
    const start = at;
    const first = word();
    if (first === 'if') {
      at += 2;
      need('(', 'after if');
      nested++;
      const test = expression();
      need(')', 'after the condition');
      nested--;
      const yes = block();
      let no: Statement[] = [];
      if (word() === 'else') {
        at += 4;
        no = block();
      }
      return { kind: 'if', test, yes, no };
    }
    if (/^(?:for|while|do|switch|goto|return)$/.test(first))
      fail(`\`${first}\` is not of the D language: a clause always ends`);
    if (
      TYPES.test(first) ||
      (/^(?:self|this)$/.test(first) && /^(?:self|this)\s+\w/.test(text.slice(at, at + 60)))
    ) {
      declaration();
      return undefined;
    }
    const value = expression();
    skip();
    if (text[at] !== '}') need(';', 'after the statement');
    if (value.kind === 'assign' && value.target.kind === 'aggregation') {
      if (value.op !== '=' || value.value.kind !== 'call')
        fail('an aggregation is assigned a function, as in @ = count()', start);
      const { value: call, target } = value;
      if (call.kind !== 'call') return fail('an aggregating function expected', start);
      return {
        kind: 'aggregate',
        at: start,
        name: target.name,
        keys: target.keys,
        fn: call.name,
        args: call.args,
      };
    }
    return { kind: 'expression', value };
  }
  function block(): Statement[] {
    if (++depth > MOST_DEPTH) fail('too deeply nested');
    const statements: Statement[] = [];
    if (take('{'))
      for (;;) {
        if (take('}')) break;
        if (take(';')) continue;
        if (at >= text.length) fail('`}` expected: the program ends in a clause');
        const one = statement();
        if (one !== undefined) statements.push(one);
      }
    else {
      const one = statement();
      if (one !== undefined) statements.push(one);
    }
    depth--;
    return statements;
  }

  /** `self int x;`, `string names[int];`: types are not needed, names begin unset. */
  function declaration(): void {
    const found = /^(?:(?:self|this)\s+)?(?:[A-Za-z_]\w*[\s*]+)+[A-Za-z_]\w*\s*(?:\[[\w\s,*]*\])?\s*;/.exec(
      text.slice(at, at + 400),
    );
    if (found === null) fail('a declaration expected, as in self int x;');
    at += found?.[0].length ?? 0;
  }

  for (skip(); at < text.length; skip()) {
    const start = at;
    if (text[at] === '#') {
      const line = text.slice(at, end(text, at));
      const option = /^#\s*pragma\s+D\s+option\s+(\w+)(?:\s*=\s*(\S+))?\s*$/.exec(line);
      if (option === null)
        fail(
          /^#\s*pragma\s+D/.test(line)
            ? 'only `#pragma D option name[=value]` is supported'
            : 'the C preprocessor is not there: write the value',
        );
      program.options.set(option?.[1] ?? '', option?.[2] ?? '');
      at = end(text, at);
      continue;
    }
    const first = word();
    refuse(first);
    if (first === 'inline') {
      const head = /^inline\s+(?:[A-Za-z_]\w*[\s*]+)+?([A-Za-z_]\w*)\s*=/.exec(text.slice(at, at + 400));
      if (head?.[1] === undefined) fail('inline int name = expression; expected');
      at += head?.[0].length ?? 0;
      program.inlines.set(head?.[1] ?? '', expression());
      need(';', 'after the constant');
      continue;
    }
    if (
      (TYPES.test(first) || first === 'self' || first === 'this') &&
      /^[\w\s*]+(?:\[[^\]]*\])?\s*;/.test(text.slice(at, at + 400))
    ) {
      declaration();
      continue;
    }
    const probes = [probe()];
    while (take(',')) probes.push(probe());
    let predicate: Expression | undefined;
    skip();
    if (text[at] === '/') {
      at++;
      inPredicate = true;
      predicate = expression();
      skip();
      if (text[at] !== '/') fail('`/` expected at the end of the predicate');
      at++;
      inPredicate = false;
    }
    skip();
    const statements = text[at] === '{' ? block() : [];
    program.clauses.push({ at: start, probes, predicate, statements });
  }
  if (program.clauses.length === 0) fail('the program has no clause', 0);
  return program;
}
