import { type Cursor, isDigit, isUpper, MALFORMED } from './demangle-cursor.ts';
import { readExpression } from './demangle-expression.ts';
import { readName, readSourceName, readSubstitution, readTemplateArguments } from './demangle-name.ts';
import { list, type Node, name, node, thisQualifier } from './demangle-node.ts';

/** How a literal of a builtin type is written. */
export const LITERAL_FORM: readonly string[] = ['(type)', '', 'u', 'l', 'ul', 'll', 'ull', 'bool', '[]'];

const builtin = (text: string, form = '(type)'): Node =>
  node('builtin', text, undefined, undefined, [], LITERAL_FORM.indexOf(form));

const BUILTINS: Record<string, Node> = {
  a: builtin('signed char'),
  b: builtin('bool', 'bool'),
  c: builtin('char'),
  d: builtin('double', '[]'),
  e: builtin('long double', '[]'),
  f: builtin('float', '[]'),
  g: builtin('__float128', '[]'),
  h: builtin('unsigned char'),
  i: builtin('int', ''),
  j: builtin('unsigned int', 'u'),
  l: builtin('long', 'l'),
  m: builtin('unsigned long', 'ul'),
  n: builtin('__int128'),
  o: builtin('unsigned __int128'),
  s: builtin('short'),
  t: builtin('unsigned short'),
  v: builtin('void'),
  w: builtin('wchar_t'),
  x: builtin('long long', 'll'),
  y: builtin('unsigned long long', 'ull'),
  z: builtin('...'),
};

/** After `D`. */
const MORE_BUILTINS: Record<string, Node> = {
  a: name('auto'),
  c: name('decltype(auto)'),
  d: builtin('decimal64'),
  e: builtin('decimal128'),
  f: builtin('decimal32'),
  h: builtin('half', '[]'),
  i: builtin('char32_t'),
  n: builtin('decltype(nullptr)'),
  s: builtin('char16_t'),
  u: builtin('char8_t'),
};

/** The type of `nullptr`, whose literals have no value. */
export const NULLPTR: Node = MORE_BUILTINS.n!;

/** What is written behind the type it is made of. */
const SUFFIXES: Record<string, string> = { P: '*', C: ' _Complex', G: ' _Imaginary' };
const REFERENCES: Record<string, string> = { R: '&', O: '&&' };
const QUALIFIERS: Record<string, string> = { r: 'restrict', V: 'volatile', K: 'const' };

/** `<type>`; all but builtin ones are kept for substitutions. */
export function readType(cursor: Cursor): Node {
  const { letter } = cursor;
  const simple = BUILTINS[letter];
  if (simple !== undefined) {
    cursor.at++;
    return simple;
  }
  cursor.enter();
  const type = readCompound(cursor, letter);
  cursor.leave();
  return type;
}

function readCompound(cursor: Cursor, letter: string): Node {
  if (QUALIFIERS[letter] !== undefined || isFunctionPrefix(cursor)) return readQualified(cursor);
  if (SUFFIXES[letter] !== undefined) {
    cursor.at++;
    return cursor.keep(node('suffix', SUFFIXES[letter]!, readType(cursor)));
  }
  if (REFERENCES[letter] !== undefined) {
    cursor.at++;
    return cursor.keep(node('reference', REFERENCES[letter]!, readType(cursor)));
  }
  switch (letter) {
    case 'F':
      return cursor.keep(readFunction(cursor));
    case 'A':
      return cursor.keep(readArray(cursor));
    case 'M': {
      cursor.at++;
      const within = readType(cursor);
      return cursor.keep(node('member-pointer', '', within, readType(cursor)));
    }
    case 'T':
      return readParameterType(cursor);
    case 'S':
      return readSubstituted(cursor);
    case 'U': {
      cursor.at++;
      let qualifier = readSourceName(cursor);
      if (cursor.letter === 'I') qualifier = node('template', '', qualifier, readTemplateArguments(cursor));
      return cursor.keep(node('vendor-qualifier', '', readType(cursor), qualifier));
    }
    case 'u': {
      cursor.at++;
      const vendor = readSourceName(cursor);
      if (cursor.letter !== 'I') return cursor.keep(vendor);
      return cursor.keep(node('template', '', vendor, readTemplateArguments(cursor)));
    }
    case 'D':
      return readOfD(cursor);
    default:
      return cursor.keep(readName(cursor));
  }
}

/** `Do`, `DO <expression> E`, `Dw <types> E`, `Dx`: before a function type. */
function isFunctionPrefix(cursor: Cursor): boolean {
  return cursor.letter === 'D' && cursor.next !== '' && 'xoOw'.includes(cursor.next);
}

/** One unit with all its qualifiers; if it is a function they are of its `this`. */
function readQualified(cursor: Cursor): Node {
  const wrappers: Array<(type: Node, ofThis: boolean) => Node> = [];
  for (;;) {
    const text = QUALIFIERS[cursor.letter];
    if (text !== undefined) {
      cursor.at++;
      wrappers.push((type, ofThis) => (ofThis ? thisQualifier(text, type) : node('qualifier', text, type)));
    } else if (isFunctionPrefix(cursor)) {
      const specification = readExceptionSpecification(cursor);
      wrappers.push((type) => thisQualifier(specification.text, type, specification.right));
    } else break;
  }
  const isFunction = cursor.letter === 'F';
  let type = isFunction ? readFunction(cursor) : readType(cursor);
  // Shown last, though it is written within.
  let reference = '';
  if (isFunction && type.kind === 'this-qualifier') {
    reference = type.text;
    type = type.left!;
  }
  for (const wrap of wrappers.reverse()) type = wrap(type, isFunction);
  return cursor.keep(reference === '' ? type : thisQualifier(reference, type));
}

function readExceptionSpecification(cursor: Cursor): { text: string; right?: Node } {
  const letter = cursor.next;
  cursor.at += 2;
  if (letter === 'x') return { text: 'transaction_safe' };
  if (letter === 'o') return { text: 'noexcept' };
  let right: Node;
  if (letter === 'O') right = readExpression(cursor);
  else {
    const types: Node[] = [];
    do types.push(readType(cursor));
    while (cursor.letter !== 'E');
    right = list(types);
  }
  cursor.expect('E');
  return { text: letter === 'O' ? 'noexcept' : 'throw', right };
}

/** `F … E` */
function readFunction(cursor: Cursor): Node {
  cursor.expect('F');
  // extern "C"
  cursor.take('Y');
  const returned = readType(cursor);
  const type = node('function', '', returned, undefined, readParameterTypes(cursor));
  const reference = REFERENCES[cursor.letter];
  if (reference !== undefined) cursor.at++;
  cursor.expect('E');
  return reference === undefined ? type : thisQualifier(reference, type);
}

/** Types until there are no more; a single `void` is none. */
export function readParameterTypes(cursor: Cursor): Node[] {
  const types: Node[] = [];
  for (;;) {
    const { letter, next } = cursor;
    if (letter === '' || letter === 'E' || letter === '.' || letter === 'Q') break;
    if ((letter === 'R' || letter === 'O') && next === 'E') break;
    types.push(readType(cursor));
  }
  if (types.length === 0) throw MALFORMED;
  return types.length === 1 && types[0] === BUILTINS.v ? [] : types;
}

function readArray(cursor: Cursor): Node {
  cursor.expect('A');
  let count: Node | undefined;
  if (isDigit(cursor.letter)) count = name(readDigits(cursor));
  else if (cursor.letter !== '_') count = readExpression(cursor);
  cursor.expect('_');
  return node('array', '', count, readType(cursor));
}

function readDigits(cursor: Cursor): string {
  const start = cursor.at;
  while (isDigit(cursor.letter)) cursor.at++;
  return cursor.text.slice(start, cursor.at);
}

/** `T_`, perhaps a template that has arguments. */
function readParameterType(cursor: Cursor): Node {
  // Elaborated: struct, union, enum.
  if (cursor.next !== '' && 'sue'.includes(cursor.next)) {
    cursor.at += 2;
    return cursor.keep(readName(cursor));
  }
  const parameter = readTemplateParameter(cursor);
  if (cursor.letter !== 'I') return cursor.keep(parameter);
  if (!cursor.inConversion) {
    cursor.keep(parameter);
    return cursor.keep(node('template', '', parameter, readTemplateArguments(cursor)));
  }
  // `operator T<int>` or `operator T` with arguments of its own: the former if there are others behind.
  const template = cursor.attempt(() => {
    cursor.keep(parameter);
    const type = node('template', '', parameter, readTemplateArguments(cursor));
    return cursor.letter === 'I' ? type : undefined;
  });
  return cursor.keep(template ?? parameter);
}

/** `<template-param>`: `T_`, `T0_`, `TL0__`, `TL0_1_`. */
export function readTemplateParameter(cursor: Cursor): Node {
  cursor.expect('T');
  const level = cursor.take('L') ? String(cursor.compact()) : '';
  return node('parameter', level, undefined, undefined, [], cursor.compact());
}

function readSubstituted(cursor: Cursor): Node {
  const { next } = cursor;
  if (next === '_' || isDigit(next) || isUpper(next)) {
    const kept = readSubstitution(cursor);
    if (cursor.letter !== 'I') return kept;
    if (cursor.inConversion) {
      const template = cursor.attempt(() => {
        const type = node('template', '', kept, readTemplateArguments(cursor));
        return cursor.letter === 'I' ? type : undefined;
      });
      return template === undefined ? kept : cursor.keep(template);
    }
    return cursor.keep(node('template', '', kept, readTemplateArguments(cursor)));
  }
  const type = readName(cursor);
  return type.kind === 'standard' ? type : cursor.keep(type);
}

function readOfD(cursor: Cursor): Node {
  const letter = cursor.next;
  cursor.at += 2;
  const simple = MORE_BUILTINS[letter];
  if (simple !== undefined) return simple;
  switch (letter) {
    case 't':
    case 'T': {
      const type = node('decltype', '', readExpression(cursor));
      cursor.expect('E');
      return cursor.keep(type);
    }
    case 'p':
      return cursor.keep(node('expansion', '', readType(cursor)));
    case 'v': {
      let count: Node;
      if (cursor.take('_')) count = readExpression(cursor);
      else count = name(readDigits(cursor));
      cursor.expect('_');
      return cursor.keep(node('vector', '', count, readType(cursor)));
    }
    case 'F': {
      const bits = readDigits(cursor);
      if (cursor.take('b')) return builtin('std::bfloat16_t', '[]');
      if (cursor.take('x')) return builtin(`_Float${bits}x`, '[]');
      cursor.expect('_');
      return builtin(`_Float${bits}`, '[]');
    }
    case 'B':
    case 'U': {
      const bits = isDigit(cursor.letter) ? name(readDigits(cursor)) : readExpression(cursor);
      cursor.expect('_');
      return cursor.keep(node('bit-int', letter === 'B' ? 'signed _BitInt(' : 'unsigned _BitInt(', bits));
    }
    default:
      throw MALFORMED;
  }
}
