import { MALFORMED } from './demangle-cursor.ts';
import type { Node } from './demangle-node.ts';
import { findPack, print, printList } from './demangle-print.ts';
import { LITERAL_FORM } from './demangle-type.ts';
import type { Writer } from './demangle-writer.ts';

/** Kinds that need no parentheses as an operand. */
const SIMPLE = new Set(['name', 'qualified', 'braces', 'function-parameter']);

/** A part of an expression, in parentheses unless it is a single thing. */
export function printOperand(writer: Writer, what: Node): void {
  if (SIMPLE.has(what.kind)) {
    print(writer, what);
    return;
  }
  writer.write('(');
  print(writer, what);
  writer.write(')');
}

/** Writes what only expressions have. */
export function printExpression(writer: Writer, what: Node): void {
  switch (what.kind) {
    case 'decltype':
      writer.write('decltype (');
      print(writer, what.left!);
      writer.write(')');
      return;
    case 'function-parameter':
      writer.write(what.number === 0 ? 'this' : `{parm#${what.number}}`);
      return;
    case 'literal':
      printLiteral(writer, what);
      return;
    case 'unary':
      printUnary(writer, what);
      return;
    case 'binary':
      printBinary(writer, what);
      return;
    case 'trinary':
      printTrinary(writer, what);
      return;
    case 'fold':
      printFold(writer, what);
      return;
    case 'cast':
      writer.write('operator ');
      print(writer, what.left!);
      return;
    case 'braces':
      if (what.left !== undefined) print(writer, what.left);
      writer.write('{');
      print(writer, what.right!);
      writer.write('}');
      return;
    case 'vendor-expression':
      print(writer, what.left!);
      writer.write('(');
      print(writer, what.right!);
      writer.write(')');
      return;
    case 'bit-int':
      writer.write(what.text);
      print(writer, what.left!);
      writer.write(')');
      return;
    case 'requires':
      printRequires(writer, what);
      return;
    case 'requirement':
      printRequirement(writer, what);
      return;
    case 'empty':
      return;
    default:
      throw MALFORMED;
  }
}

/** `3ul`, `true`, `(char)97`, `(double)[3ff0000000000000]` */
function printLiteral(writer: Writer, what: Node): void {
  const type = what.left!;
  const sign = what.number === 1 ? '-' : '';
  const form = type.kind === 'builtin' ? LITERAL_FORM[type.number]! : '(type)';
  if (form === 'bool') {
    if (sign === '' && what.text === '0') {
      writer.write('false');
      return;
    }
    if (sign === '' && what.text === '1') {
      writer.write('true');
      return;
    }
  } else if (form !== '(type)' && form !== '[]') {
    writer.write(sign + what.text + form);
    return;
  }
  writer.write('(');
  print(writer, type);
  writer.write(form === '[]' ? `)${sign}[${what.text}]` : `)${sign}${what.text}`);
}

function printSign(writer: Writer, operator: Node): void {
  writer.write(operator.text);
}

function printUnary(writer: Writer, what: Node): void {
  const operator = what.left;
  const operand = what.right!;
  switch (what.text) {
    case '()':
      writer.write('(');
      print(writer, operand);
      writer.write(')');
      return;
    case 'cv':
      writer.write('(');
      print(writer, operator!.left!);
      writer.write(')');
      printOperand(writer, operand);
      return;
    case 'sZ': {
      const pack = findPack(writer, operand);
      writer.write(String(pack?.items.length ?? 0));
      return;
    }
    case 'sP':
      writer.write(String(countArguments(writer, operand)));
      return;
    case 'postfix':
      printOperand(writer, operand);
      printSign(writer, operator!);
      return;
    case 'ad':
      printSign(writer, operator!);
      // The address of a member function: its name tells it.
      if (operand.kind === 'encoding' && operand.left!.kind === 'qualified') {
        print(writer, operand.left!);
        return;
      }
      printOperand(writer, operand);
      return;
    case 'gs':
      printSign(writer, operator!);
      print(writer, operand);
      return;
    case 'st':
    case 'nx':
    case 'ti':
      printSign(writer, operator!);
      writer.write('(');
      print(writer, operand);
      writer.write(')');
      return;
    default:
      printSign(writer, operator!);
      printOperand(writer, operand);
      return;
  }
}

/** How many a list of arguments has when its packs are spread. */
function countArguments(writer: Writer, args: Node): number {
  let count = 0;
  for (const item of args.items) {
    if (item.kind !== 'expansion') count++;
    else count += findPack(writer, item.left!)?.items.length ?? 0;
  }
  return count;
}

function printBinary(writer: Writer, what: Node): void {
  const [left, right] = what.items as [Node, Node];
  const operator = what.left!;
  switch (what.text) {
    case 'dc':
    case 'sc':
    case 'cc':
    case 'rc':
      printSign(writer, operator);
      writer.write('<');
      print(writer, left);
      writer.write('>(');
      print(writer, right);
      writer.write(')');
      return;
    case 'cl':
      // What is called says its parameters' types; here are their values.
      printOperand(writer, left.kind === 'encoding' ? left.left! : left);
      printOperand(writer, right);
      return;
    case 'ix':
      printOperand(writer, left);
      writer.write('[');
      print(writer, right);
      writer.write(']');
      return;
    case 'di':
      writer.write('.');
      print(writer, left);
      writer.write('=');
      printOperand(writer, right);
      return;
    case 'dx':
      writer.write('[');
      print(writer, left);
      writer.write(']=');
      printOperand(writer, right);
      return;
    case 'gt':
      // Would end the arguments of a template.
      writer.write('(');
      printOperand(writer, left);
      printSign(writer, operator);
      printOperand(writer, right);
      writer.write(')');
      return;
    default:
      printOperand(writer, left);
      printSign(writer, operator);
      printOperand(writer, right);
      return;
  }
}

function printTrinary(writer: Writer, what: Node): void {
  const [first, second, third] = what.items as [Node, Node, Node];
  switch (what.text) {
    case 'nw':
    case 'na':
      writer.write('new ');
      if (first.items.length > 0) {
        printOperand(writer, first);
        writer.write(' ');
      }
      print(writer, second);
      if (third.kind !== 'empty') printOperand(writer, third);
      return;
    case 'dX':
      writer.write('[');
      print(writer, first);
      writer.write(' ... ');
      print(writer, second);
      writer.write(']=');
      printOperand(writer, third);
      return;
    default:
      printOperand(writer, first);
      printSign(writer, what.left!);
      printOperand(writer, second);
      writer.write(' : ');
      printOperand(writer, third);
      return;
  }
}

/** `(...+x)`, `(x+...)`, `(x+...+y)`; packs in it are not spread. */
function printFold(writer: Writer, what: Node): void {
  const { packIndex } = writer;
  writer.packIndex = -1;
  const [first, second] = what.items as [Node, Node | undefined];
  const sign = what.left!;
  writer.write('(');
  if (what.text === 'fl') {
    writer.write('...');
    printSign(writer, sign);
    printOperand(writer, first);
  } else {
    printOperand(writer, first);
    printSign(writer, sign);
    writer.write('...');
    if (second !== undefined) {
      printSign(writer, sign);
      printOperand(writer, second);
    }
  }
  writer.write(')');
  writer.packIndex = packIndex;
}

function printRequires(writer: Writer, what: Node): void {
  writer.write('requires');
  if (what.left !== undefined) {
    writer.write('(');
    printList(writer, what.left.items);
    writer.write(')');
  }
  writer.write(' {');
  for (const requirement of what.items) {
    writer.write(' ');
    print(writer, requirement);
    writer.write(';');
  }
  writer.write(' }');
}

function printRequirement(writer: Writer, what: Node): void {
  writer.write(what.text);
  const isCompound = what.number === 1 || what.right !== undefined;
  if (isCompound) writer.write('{');
  print(writer, what.left!);
  if (isCompound) writer.write('}');
  if (what.number === 1) writer.write(' noexcept');
  if (what.right === undefined) return;
  writer.write(' -> ');
  print(writer, what.right);
}
