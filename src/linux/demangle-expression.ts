import { type Cursor, isDigit, MALFORMED } from './demangle-cursor.ts';
import {
  readConstraint,
  readEncoding,
  readName,
  readOperatorName,
  readParameterDeclaration,
  readPrefix,
  readSourceName,
  readTemplateArguments,
} from './demangle-name.ts';
import { list, type Node, node } from './demangle-node.ts';
import { OPERATORS } from './demangle-operators.ts';
import { NULLPTR, readTemplateParameter, readType } from './demangle-type.ts';

/** `<template-arg>`; what is declared of its parameter (`Tn <type>`, `Tk <concept>`) is not shown. */
export function readTemplateArgument(cursor: Cursor): Node {
  const { letter, next } = cursor;
  switch (letter) {
    case 'X': {
      cursor.at++;
      const value = readExpression(cursor);
      cursor.expect('E');
      return value;
    }
    case 'L':
      return readPrimary(cursor);
    case 'I':
    case 'J':
      return readTemplateArguments(cursor);
    case 'T':
      if (next !== '' && 'yntpk'.includes(next)) {
        cursor.enter();
        readParameterDeclaration(cursor, 0);
        const argument = readTemplateArgument(cursor);
        cursor.leave();
        return argument;
      }
      return readType(cursor);
    default:
      return readType(cursor);
  }
}

/** `<expression>` */
export function readExpression(cursor: Cursor): Node {
  cursor.enter();
  const { inExpression } = cursor;
  cursor.inExpression = true;
  const value = readAny(cursor);
  cursor.inExpression = inExpression;
  cursor.leave();
  return value;
}

/** Expressions up to `end`. */
function readExpressions(cursor: Cursor, end: string): Node {
  const items: Node[] = [];
  while (!cursor.take(end)) items.push(readExpression(cursor));
  return list(items);
}

function readAny(cursor: Cursor): Node {
  const { letter, next } = cursor;
  if (letter === 'L') return readPrimary(cursor);
  if (letter === 'T') return readTemplateParameter(cursor);
  if (isDigit(letter) || (letter === 'o' && next === 'n')) return readSimpleId(cursor);
  switch (letter + next) {
    case 'sr':
      return readUnresolved(cursor);
    case 'sp':
      cursor.at += 2;
      return node('expansion', '', readExpression(cursor));
    case 'fp':
    case 'fL':
      if (letter + next === 'fp' || isParameterOfOuter(cursor)) return readFunctionParameter(cursor);
      break;
    case 'il':
    case 'tl': {
      cursor.at += 2;
      const type = letter === 't' ? readType(cursor) : undefined;
      return node('braces', '', type, readExpressions(cursor, 'E'));
    }
    case 'dn':
      cursor.at += 2;
      return node('destructor', '', isDigit(cursor.letter) ? readSimpleId(cursor) : readType(cursor));
    case 'cp': {
      cursor.at += 2;
      const called = readExpression(cursor);
      return node('binary', 'cl', OPERATORS.get('cl')!.node, undefined, [
        node('unary', '()', undefined, called),
        readExpressions(cursor, 'E'),
      ]);
    }
    case 'rq':
    case 'rQ':
      return readRequires(cursor);
  }
  if (letter === 'u' && isDigit(next)) {
    cursor.at++;
    const what = readSourceName(cursor);
    const items: Node[] = [];
    while (!cursor.take('E')) items.push(readTemplateArgument(cursor));
    return node('vendor-expression', '', what, list(items));
  }
  return readOperation(cursor);
}

/** `fL <level> p …` is a parameter of a function around; `fL <operator>` a fold. */
function isParameterOfOuter(cursor: Cursor): boolean {
  return isDigit(cursor.text.charAt(cursor.at + 2));
}

function readFunctionParameter(cursor: Cursor): Node {
  if (cursor.takeAll('fL')) {
    cursor.digits();
    cursor.expect('p');
  } else cursor.at += 2;
  if (cursor.take('T')) return node('function-parameter', '');
  while (cursor.letter !== '' && 'rVK'.includes(cursor.letter)) cursor.at++;
  return node('function-parameter', '', undefined, undefined, [], cursor.compact() + 1);
}

/** `<simple-id>`, operators too. */
function readSimpleId(cursor: Cursor): Node {
  cursor.takeAll('on');
  const what = isDigit(cursor.letter) ? readSourceName(cursor) : readOperatorName(cursor);
  return cursor.letter === 'I' ? node('template', '', what, readTemplateArguments(cursor)) : what;
}

/** `<base-unresolved-name>` */
function readBaseName(cursor: Cursor): Node {
  if (!cursor.takeAll('dn')) return readSimpleId(cursor);
  return node('destructor', '', isDigit(cursor.letter) ? readSimpleId(cursor) : readType(cursor));
}

/** `<unresolved-name>`: a name in a scope that depends on template parameters. */
function readUnresolved(cursor: Cursor): Node {
  cursor.at += 2;
  let scope: Node | undefined;
  if (cursor.take('N')) {
    const outer = readType(cursor);
    scope = readLevels(cursor, outer);
  } else if (isDigit(cursor.letter))
    // Two ways were in use: simple names and `E`, or a type and no `E`.
    scope = cursor.attempt(() => {
      const prefix = readPrefix(cursor, false);
      return cursor.take('E') && cursor.letter !== '' && /[\do]|d/.test(cursor.letter) ? prefix : undefined;
    });
  scope ??= readType(cursor);
  const what = readBaseName(cursor);
  if (what.kind !== 'template') return node('qualified', '', scope, what);
  return node('template', '', node('qualified', '', scope, what.left), what.right);
}

function readLevels(cursor: Cursor, outer: Node): Node {
  let scope = outer;
  while (!cursor.take('E')) {
    if (cursor.letter === 'I') {
      // Arguments of the type before.
      scope = node('template', '', scope, readTemplateArguments(cursor));
      continue;
    }
    scope = node('qualified', '', scope, readSimpleId(cursor));
  }
  return scope;
}

/** `<expr-primary>` */
function readPrimary(cursor: Cursor): Node {
  cursor.expect('L');
  if (cursor.letter === '_' || cursor.letter === 'Z') {
    cursor.take('_');
    cursor.expect('Z');
    const { inExpression } = cursor;
    cursor.inExpression = false;
    const entity = readEncoding(cursor);
    cursor.inExpression = inExpression;
    cursor.expect('E');
    return entity;
  }
  const type = cursor.letter === 'U' ? readName(cursor) : readType(cursor);
  if (cursor.take('E')) {
    // nullptr, a string, a lambda: the type is all there is.
    return type === NULLPTR || type.kind === 'lambda' ? type : node('literal', '', type);
  }
  const isNegative = cursor.take('n');
  const end = cursor.text.indexOf('E', cursor.at);
  if (end < 0) throw MALFORMED;
  const digits = cursor.text.slice(cursor.at, end);
  cursor.at = end + 1;
  return node('literal', digits, type, undefined, [], isNegative ? 1 : 0);
}

const CASTS = new Set(['dynamic_cast', 'static_cast', 'const_cast', 'reinterpret_cast']);

function readOperation(cursor: Cursor): Node {
  const code = cursor.letter + cursor.next;
  const operator = readOperatorName(cursor);
  if (operator.kind === 'cast') {
    const operand = cursor.take('_') ? readExpressions(cursor, 'E') : readExpression(cursor);
    return node('unary', 'cv', operator, operand);
  }
  if (operator.kind !== 'operator') throw MALFORMED;
  switch (operator.number) {
    case 0:
      return operator;
    case 1:
      return readUnary(cursor, code, operator);
    case 2:
      return readBinary(cursor, code, operator);
    default:
      return readTrinary(cursor, code, operator);
  }
}

function readUnary(cursor: Cursor, code: string, operator: Node): Node {
  if (code === 'st' || code === 'at' || code === 'ti') return node('unary', code, operator, readType(cursor));
  if (code === 'sP') {
    const items: Node[] = [];
    while (!cursor.take('E')) items.push(readTemplateArgument(cursor));
    return node('unary', code, operator, list(items));
  }
  if (code === 'pp' || code === 'mm') {
    const isPrefix = cursor.take('_');
    return node('unary', isPrefix ? code : 'postfix', operator, readExpression(cursor));
  }
  return node('unary', code, operator, readExpression(cursor));
}

function readBinary(cursor: Cursor, code: string, operator: Node): Node {
  if (code === 'fl' || code === 'fr') {
    const folded = readFolded(cursor);
    return node('fold', code, folded, undefined, [readExpression(cursor)]);
  }
  let left: Node;
  if (CASTS.has(operator.text)) left = readType(cursor);
  else if (code === 'di') left = readSourceName(cursor);
  else left = readExpression(cursor);
  let right: Node;
  if (code === 'cl') right = readExpressions(cursor, 'E');
  else if (code === 'dt' || code === 'pt')
    right = isSimpleMember(cursor) ? readBaseName(cursor) : readExpression(cursor);
  else right = readExpression(cursor);
  return node('binary', code, operator, undefined, [left, right]);
}

function isSimpleMember(cursor: Cursor): boolean {
  const { letter, next } = cursor;
  return isDigit(letter) || (letter === 'o' && next === 'n') || (letter === 'd' && next === 'n');
}

function readFolded(cursor: Cursor): Node {
  const folded = readOperatorName(cursor);
  if (folded.kind !== 'operator') throw MALFORMED;
  return folded;
}

const EMPTY = node('empty', '');

function readTrinary(cursor: Cursor, code: string, operator: Node): Node {
  if (code === 'fL' || code === 'fR') {
    const folded = readFolded(cursor);
    const first = readExpression(cursor);
    return node('fold', code, folded, undefined, [first, readExpression(cursor)]);
  }
  if (code === 'nw' || code === 'na') {
    const placement = readExpressions(cursor, '_');
    const type = readType(cursor);
    let value: Node = EMPTY;
    if (cursor.takeAll('pi')) value = readExpressions(cursor, 'E');
    else if (cursor.letter + cursor.next === 'il') value = readExpression(cursor);
    else cursor.expect('E');
    return node('trinary', code, operator, undefined, [placement, type, value]);
  }
  const first = readExpression(cursor);
  const second = readExpression(cursor);
  return node('trinary', code, operator, undefined, [first, second, readExpression(cursor)]);
}

/** `rq <requirement>+ E`, `rQ <parameters> _ <requirement>+ E`: C++20. */
function readRequires(cursor: Cursor): Node {
  const hasParameters = cursor.next === 'Q';
  cursor.at += 2;
  let parameters: Node | undefined;
  if (hasParameters) {
    const types: Node[] = [];
    while (!cursor.take('_')) types.push(readType(cursor));
    parameters = list(types.length === 1 && types[0]?.text === 'void' ? [] : types);
  }
  const requirements: Node[] = [];
  while (!cursor.take('E')) requirements.push(readRequirement(cursor));
  return node('requires', '', parameters, undefined, requirements);
}

function readRequirement(cursor: Cursor): Node {
  if (cursor.take('T')) return node('requirement', 'typename ', readType(cursor));
  if (cursor.take('Q')) return node('requirement', 'requires ', readConstraint(cursor));
  cursor.expect('X');
  const value = readExpression(cursor);
  const isNoexcept = cursor.take('N') ? 1 : 0;
  const type = cursor.take('R') ? readName(cursor) : undefined;
  return node('requirement', '', value, type, [], isNoexcept);
}
