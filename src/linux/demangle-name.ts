import { type Cursor, isDigit, isLower, isUpper, MALFORMED } from './demangle-cursor.ts';
import { readExpression, readTemplateArgument } from './demangle-expression.ts';
import { list, type Node, name, node, thisQualifier } from './demangle-node.ts';
import { OPERATORS } from './demangle-operators.ts';
import { readSpecialName } from './demangle-special.ts';
import { readParameterTypes, readTemplateParameter, readType } from './demangle-type.ts';

/** `<encoding>`: a function with its types, a thing in memory by its name, or what the compiler made for one. */
export function readEncoding(cursor: Cursor): Node {
  if (cursor.letter === 'G' || cursor.letter === 'T') return readSpecialName(cursor);
  cursor.enter();
  const what = readName(cursor);
  const { letter } = cursor;
  let encoding = what;
  if (letter !== '' && letter !== 'E' && letter !== '.') {
    // Templates say what they return, as overloads may differ in it alone.
    const returned = letter === 'J' || saysReturn(what) ? readReturned(cursor) : undefined;
    const type = node('function', '', returned, undefined, readParameterTypes(cursor));
    encoding = node('encoding', '', what, type);
    if (cursor.take('Q')) encoding = node('constrained', '', encoding, readConstraint(cursor));
  }
  cursor.leave();
  return encoding;
}

function readReturned(cursor: Cursor): Node {
  if (cursor.letter === 'J') cursor.at++;
  return readType(cursor);
}

/** What follows `Q`. */
export function readConstraint(cursor: Cursor): Node {
  return readExpression(cursor);
}

function saysReturn(what: Node): boolean {
  let inner: Node | undefined = what;
  while (inner !== undefined) {
    if (inner.kind === 'this-qualifier') inner = inner.left;
    else if (inner.kind === 'local') inner = inner.right;
    else break;
  }
  return inner?.kind === 'template' && inner.left !== undefined && !isTypeless(inner.left);
}

/** Constructors, destructors and conversions need not say what they return. */
function isTypeless(what: Node): boolean {
  let last = what;
  for (;;) {
    if ((last.kind === 'qualified' || last.kind === 'local') && last.right !== undefined) last = last.right;
    else if ((last.kind === 'tagged' || last.kind === 'friend') && last.left !== undefined) last = last.left;
    else break;
  }
  return last.kind === 'constructor' || last.kind === 'destructor' || last.kind === 'conversion';
}

/** `<name>` */
export function readName(cursor: Cursor): Node {
  switch (cursor.letter) {
    case 'N':
      return readNestedName(cursor);
    case 'Z':
      return readLocalName(cursor);
    case 'S': {
      const isStd = cursor.next === 't';
      let what: Node;
      if (isStd) {
        cursor.at += 2;
        what = node('qualified', '', name('std'), readUnqualifiedName(cursor));
      } else what = readSubstitution(cursor);
      // Not narrowed by the switch: reading went on.
      if (cursor.text.charAt(cursor.at) !== 'I') return what;
      if (isStd) cursor.keep(what);
      return node('template', '', what, readTemplateArguments(cursor));
    }
    default: {
      const what = readUnqualifiedName(cursor);
      if (cursor.letter !== 'I') return what;
      cursor.keep(what);
      return node('template', '', what, readTemplateArguments(cursor));
    }
  }
}

const QUALIFIERS: Record<string, string> = { r: 'restrict', V: 'volatile', K: 'const' };

/** `<nested-name>`: qualifiers before it are those of `this`. */
function readNestedName(cursor: Cursor): Node {
  cursor.expect('N');
  const isExplicit = cursor.take('H');
  const qualifiers: string[] = [];
  while (QUALIFIERS[cursor.letter] !== undefined) {
    qualifiers.push(QUALIFIERS[cursor.letter]!);
    cursor.at++;
  }
  const reference = isExplicit ? '' : cursor.take('R') ? '&' : cursor.take('O') ? '&&' : '';
  let what = readPrefix(cursor, true);
  cursor.expect('E');
  for (const text of qualifiers.reverse()) what = thisQualifier(text, what);
  return reference === '' ? what : thisQualifier(reference, what);
}

/**
 * `<prefix>`, to the end of the nested name it is part of.
 * @param isKept whether its parts are substitutions (those of unresolved names are not)
 */
export function readPrefix(cursor: Cursor, isKept: boolean): Node {
  cursor.enter();
  let prefix: Node | undefined;
  for (;;) {
    const { letter } = cursor;
    if (letter === 'E' && prefix !== undefined) break;
    if (letter === 'M' && prefix !== undefined) {
      // A lambda in the initial value of a member: the member is the scope that it is shown in.
      cursor.at++;
      continue;
    }
    if (letter === 'I') {
      if (prefix === undefined) throw MALFORMED;
      prefix = node('template', '', prefix, readTemplateArguments(cursor));
    } else {
      const part = readPrefixPart(cursor, prefix);
      prefix = prefix === undefined ? part : node('qualified', '', prefix, part);
    }
    if (isKept && letter !== 'S' && cursor.letter !== 'E') cursor.keep(prefix);
  }
  cursor.leave();
  return prefix;
}

function readPrefixPart(cursor: Cursor, before: Node | undefined): Node {
  const { letter, next } = cursor;
  if (letter === 'S') return readSubstitution(cursor, true);
  if (letter === 'T') return readTemplateParameter(cursor);
  if (letter === 'D' && (next === 't' || next === 'T')) return readType(cursor);
  return readUnqualifiedName(cursor, before);
}

/** `<unqualified-name>`; constructors and destructors have the last name of what they are in. */
export function readUnqualifiedName(cursor: Cursor, within?: Node): Node {
  const isFriend = cursor.take('F');
  let what = readBareName(cursor, within);
  if (isFriend) what = node('friend', '', what);
  return readTags(cursor, what);
}

function readBareName(cursor: Cursor, within: Node | undefined): Node {
  const { letter } = cursor;
  if (isDigit(letter)) return readSourceName(cursor);
  if (isLower(letter)) {
    cursor.takeAll('on');
    return readOperatorName(cursor);
  }
  switch (letter) {
    case 'L': {
      // Of internal linkage; g++ writes a discriminator behind it.
      cursor.at++;
      const what = readUnqualifiedName(cursor, within);
      readDiscriminator(cursor);
      return what;
    }
    case 'C':
      return readConstructor(cursor, within);
    case 'D':
      if (cursor.next === 'C') return readBinding(cursor);
      if (!'01245'.includes(cursor.next) || cursor.next === '') throw MALFORMED;
      cursor.at += 2;
      return node('destructor', '', lastName(within));
    case 'U':
      return readUnnamed(cursor);
    case 'W':
      return readModuleName(cursor, within);
    default:
      throw MALFORMED;
  }
}

function readConstructor(cursor: Cursor, within: Node | undefined): Node {
  cursor.expect('C');
  const isInherited = cursor.take('I');
  if (!/[1-5]/.test(cursor.letter)) throw MALFORMED;
  cursor.at++;
  if (isInherited) readType(cursor);
  return node('constructor', '', lastName(within));
}

/** The name that a constructor of it has. */
function lastName(within: Node | undefined): Node {
  let last = within;
  for (;;) {
    switch (last?.kind) {
      case 'qualified':
      case 'local':
        last = last.right;
        break;
      case 'standard':
        return last.right!;
      case 'template':
      case 'tagged':
      case 'module':
        last = last.left;
        break;
      case 'this-qualifier':
        last = last.left;
        break;
      case undefined:
        throw MALFORMED;
      default:
        return last!;
    }
  }
}

/** `<source-name>` */
export function readSourceName(cursor: Cursor): Node {
  const length = cursor.digits();
  const end = cursor.at + length;
  if (length <= 0 || end > cursor.text.length) throw MALFORMED;
  const text = cursor.text.slice(cursor.at, end);
  cursor.at = end;
  // What compilers call the namespace without a name.
  return name(/^_GLOBAL_[._$]N/.test(text) ? '(anonymous namespace)' : text);
}

/** `<abi-tags>` */
function readTags(cursor: Cursor, tagged: Node): Node {
  let what = tagged;
  while (cursor.take('B')) what = node('tagged', readSourceName(cursor).text, what);
  return what;
}

function readBinding(cursor: Cursor): Node {
  cursor.at += 2;
  const names: Node[] = [];
  do names.push(readSourceName(cursor));
  while (!cursor.take('E'));
  return node('binding', '', undefined, undefined, names);
}

/** `W <source-name>`, `WP <source-name>` of a partition: names of C++20 modules, before the name that they own. */
function readModuleName(cursor: Cursor, within: Node | undefined): Node {
  let module = '';
  while (cursor.take('W')) {
    const separator = cursor.take('P') ? ':' : module === '' ? '' : '.';
    module += separator + readSourceName(cursor).text;
  }
  return node('module', module, readUnqualifiedName(cursor, within));
}

/** `<operator-name>` */
export function readOperatorName(cursor: Cursor): Node {
  const code = cursor.text.slice(cursor.at, cursor.at + 2);
  const operator = OPERATORS.get(code);
  if (operator !== undefined) {
    cursor.at += 2;
    return operator.node;
  }
  if (cursor.takeAll('li')) return node('literal-operator', '', readSourceName(cursor));
  if (cursor.takeAll('cv')) {
    const { inConversion } = cursor;
    cursor.inConversion = !cursor.inExpression;
    const what = node(cursor.inConversion ? 'conversion' : 'cast', '', readType(cursor));
    cursor.inConversion = inConversion;
    return what;
  }
  if (cursor.letter === 'v' && isDigit(cursor.next)) {
    const operands = Number(cursor.next);
    cursor.at += 2;
    return node('operator', readSourceName(cursor).text, undefined, undefined, [], operands);
  }
  throw MALFORMED;
}

/** `<unnamed-type-name>` and `<closure-type-name>` */
function readUnnamed(cursor: Cursor): Node {
  if (cursor.takeAll('Ut')) return node('unnamed', '', undefined, undefined, [], cursor.compact());
  if (!cursor.takeAll('Ul')) throw MALFORMED;
  const head = readTemplateHead(cursor);
  const items = readParameterTypes(cursor);
  if (cursor.take('Q')) readConstraint(cursor);
  cursor.expect('E');
  return node('lambda', '', undefined, head.length === 0 ? undefined : list(head), items, cursor.compact());
}

/** `<template-param-decl>*`, each with its number. */
export function readTemplateHead(cursor: Cursor): Node[] {
  const declarations: Node[] = [];
  while (cursor.letter === 'T' && 'yntpk'.includes(cursor.next) && cursor.next !== '')
    declarations.push(readParameterDeclaration(cursor, declarations.length));
  if (cursor.take('Q')) readConstraint(cursor);
  return declarations;
}

/** `Ty`, `Tn <type>`, `Tt <declarations> E`, `Tp <declaration>`, `Tk <concept>`. */
export function readParameterDeclaration(cursor: Cursor, number: number): Node {
  cursor.enter();
  const letter = cursor.next;
  cursor.at += 2;
  let declaration: Node;
  if (letter === 'y') declaration = node('parameter-declaration', 'type', undefined, undefined, [], number);
  else if (letter === 'n')
    declaration = node('parameter-declaration', 'value', readType(cursor), undefined, [], number);
  else if (letter === 'k')
    declaration = node('parameter-declaration', 'concept', readName(cursor), undefined, [], number);
  else if (letter === 'p')
    declaration = node(
      'parameter-declaration',
      'pack',
      readParameterDeclaration(cursor, number),
      undefined,
      [],
      number,
    );
  else if (letter === 't') {
    declaration = node(
      'parameter-declaration',
      'template',
      undefined,
      list(readTemplateHead(cursor)),
      [],
      number,
    );
    cursor.expect('E');
  } else throw MALFORMED;
  cursor.leave();
  return declaration;
}

/** `<local-name>` */
function readLocalName(cursor: Cursor): Node {
  cursor.expect('Z');
  const { inConversion, inExpression } = cursor;
  const within = readEncoding(cursor);
  cursor.inConversion = inConversion;
  cursor.inExpression = inExpression;
  cursor.expect('E');
  if (cursor.take('s')) {
    readDiscriminator(cursor);
    return node('local', '', within, name('string literal'));
  }
  if (cursor.take('d')) {
    const number = cursor.compact();
    return node('local', '', within, node('default-argument', '', readName(cursor), undefined, [], number));
  }
  const what = readName(cursor);
  if (what.kind !== 'lambda' && what.kind !== 'unnamed') readDiscriminator(cursor);
  return node('local', '', within, what);
}

/** `<discriminator>`: which of several of one name; not shown. */
function readDiscriminator(cursor: Cursor): void {
  // A single one may be the end of a reference temporary around.
  const isLong = cursor.next === '_';
  if (cursor.letter !== '_' || !isDigit(isLong ? cursor.text.charAt(cursor.at + 2) : cursor.next)) return;
  cursor.at += isLong ? 2 : 1;
  const number = cursor.digits();
  if (isLong && number >= 10) cursor.take('_');
}

/** `<template-args>` */
export function readTemplateArguments(cursor: Cursor): Node {
  cursor.enter();
  const { inConversion } = cursor;
  if (!cursor.take('I')) cursor.expect('J');
  const items: Node[] = [];
  let constraint: Node | undefined;
  while (!cursor.take('E')) {
    if (cursor.take('Q')) {
      constraint = readConstraint(cursor);
      cursor.expect('E');
      break;
    }
    items.push(readTemplateArgument(cursor));
  }
  cursor.inConversion = inConversion;
  cursor.leave();
  return node('arguments', '', undefined, constraint, items);
}

const STANDARD: Record<string, readonly [whole: string, last: string]> = {
  a: ['std::allocator', 'allocator'],
  b: ['std::basic_string', 'basic_string'],
  s: ['std::basic_string<char, std::char_traits<char>, std::allocator<char> >', 'basic_string'],
  i: ['std::basic_istream<char, std::char_traits<char> >', 'basic_istream'],
  o: ['std::basic_ostream<char, std::char_traits<char> >', 'basic_ostream'],
  d: ['std::basic_iostream<char, std::char_traits<char> >', 'basic_iostream'],
};

/** `<substitution>` */
export function readSubstitution(cursor: Cursor, inPrefix = false): Node {
  cursor.expect('S');
  const { letter } = cursor;
  if (letter === '_' || isDigit(letter) || isUpper(letter)) {
    const kept = cursor.substitutions[readSequence(cursor)];
    if (kept === undefined) throw MALFORMED;
    return kept;
  }
  cursor.at++;
  if (letter === 't' && inPrefix) return name('std');
  const standard = STANDARD[letter];
  if (standard === undefined) throw MALFORMED;
  const what = node('standard', standard[0], undefined, name(standard[1]));
  return cursor.letter === 'B' ? cursor.keep(readTags(cursor, what)) : what;
}

/** `<seq-id>` and `_`: `_` is 0, `0_` is 1, `Z_` is 36 … */
function readSequence(cursor: Cursor): number {
  if (cursor.take('_')) return 0;
  let value = 0;
  for (;;) {
    const { letter } = cursor;
    cursor.at++;
    if (letter === '_') return value + 1;
    const code = letter.charCodeAt(0);
    if (isDigit(letter)) value = value * 36 + code - 48;
    else if (isUpper(letter)) value = value * 36 + code - 55;
    else throw MALFORMED;
    if (value > 1e6) throw MALFORMED;
  }
}
