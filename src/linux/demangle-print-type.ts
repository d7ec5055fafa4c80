import type { Node } from './demangle-node.ts';
import { parameterName, print, printList } from './demangle-print.ts';
import type { Scope, Writer } from './demangle-writer.ts';

/**
 * A type in C++ is written around the name that has it: `void (*` name `)(int)`. `printHead` writes what stands before,
 * `printTail` what stands behind.
 */
export function printHead(writer: Writer, type: Node): void {
  writer.enter();
  switch (type.kind) {
    case 'qualifier':
      printQualifierHead(writer, type);
      break;
    case 'this-qualifier':
      printHead(writer, type.left!);
      if (!isFunction(writer, type)) printThisQualifier(writer, type);
      break;
    case 'vendor-qualifier':
      printHead(writer, type.left!);
      open(writer, type.left!, true);
      writer.write(' ');
      print(writer, type.right!);
      break;
    case 'suffix':
      printHead(writer, type.left!);
      open(writer, type.left!, type.text.startsWith(' '));
      writer.write(type.text);
      break;
    case 'reference': {
      const { target, sign, scope } = collapse(writer, type);
      writer.within(scope, () => {
        printHead(writer, target);
        open(writer, target, false);
      });
      writer.write(sign);
      break;
    }
    case 'member-pointer':
      printHead(writer, type.right!);
      open(writer, type.right!, true);
      if (writer.last !== '(') writer.write(' ');
      print(writer, type.left!);
      writer.write('::*');
      break;
    case 'vector':
      printHead(writer, type.right!);
      writer.write(' __vector(');
      print(writer, type.left!);
      writer.write(')');
      break;
    case 'array':
      printHead(writer, type.right!);
      break;
    case 'function':
      if (type.left !== undefined) {
        printHead(writer, type.left);
        if (!hasTail(writer, type.left)) writer.write(' ');
      }
      break;
    case 'parameter':
      if (!printLambdaParameter(writer, type))
        writer.withArgument(type, (argument) => printHead(writer, argument));
      break;
    default:
      printWhole(writer, type);
  }
  writer.leave();
}

/** A name in a declarator: nothing outside of it belongs to it. */
function printWhole(writer: Writer, type: Node): void {
  print(writer, type);
}

interface FunctionParts {
  /** Of `this`, innermost first, that belong to the name of the function. */
  qualifiers: readonly Node[];
  withReturned: boolean;
}

export function printTail(writer: Writer, type: Node, parts?: FunctionParts): void {
  writer.enter();
  switch (type.kind) {
    case 'qualifier':
    case 'vector':
      printTail(writer, type.kind === 'vector' ? type.right! : type.left!);
      break;
    case 'vendor-qualifier':
    case 'suffix':
      if (isWrapped(writer, type.left!)) writer.write(')');
      printTail(writer, type.left!);
      break;
    case 'reference': {
      const { target, scope } = collapse(writer, type);
      writer.within(scope, () => {
        if (isWrapped(writer, target)) writer.write(')');
        printTail(writer, target);
      });
      break;
    }
    case 'member-pointer':
      if (isWrapped(writer, type.right!)) writer.write(')');
      printTail(writer, type.right!);
      break;
    case 'array':
      printDimensions(writer, type);
      break;
    case 'function':
    case 'this-qualifier':
      printFunctionTail(writer, type, parts);
      break;
    case 'parameter':
      if (writer.lambdaHeads.length === 0)
        writer.withArgument(type, (argument) => printTail(writer, argument));
      break;
  }
  writer.leave();
}

/** `(int, char) const &`, and the tail of what is returned. */
function printFunctionTail(writer: Writer, type: Node, parts: FunctionParts | undefined): void {
  const { underlying, qualifiers } = functionUnder(type);
  if (underlying.kind !== 'function') {
    printTail(writer, underlying);
    return;
  }
  writer.write('(');
  printList(writer, underlying.items);
  writer.write(')');
  for (const qualifier of qualifiers) printThisQualifier(writer, qualifier);
  for (const qualifier of parts?.qualifiers ?? []) printThisQualifier(writer, qualifier);
  if (underlying.left !== undefined && parts?.withReturned !== false) printTail(writer, underlying.left);
}

/** The function type under its qualifiers, which are given innermost first. */
export function functionUnder(type: Node): { underlying: Node; qualifiers: Node[] } {
  const qualifiers: Node[] = [];
  let underlying = type;
  while (underlying.kind === 'this-qualifier') {
    qualifiers.push(underlying);
    underlying = underlying.left!;
  }
  return { underlying, qualifiers: qualifiers.reverse() };
}

function printThisQualifier(writer: Writer, qualifier: Node): void {
  writer.write(` ${qualifier.text}`);
  if (qualifier.right === undefined) return;
  writer.write('(');
  print(writer, qualifier.right);
  writer.write(')');
}

/** const of const is written once, also where a template's argument brings the second. */
function printQualifierHead(writer: Writer, type: Node): void {
  printHead(writer, type.left!);
  if (!innerQualifiers(writer, type.left!).has(type.text)) writer.write(` ${type.text}`);
}

const NO_QUALIFIERS: ReadonlySet<string> = new Set();

/** Qualifiers that are written directly behind a type. */
function innerQualifiers(writer: Writer, type: Node): ReadonlySet<string> {
  if (type.kind === 'qualifier') return new Set([type.text, ...innerQualifiers(writer, type.left!)]);
  if (type.kind !== 'parameter' || writer.lambdaHeads.length > 0) return NO_QUALIFIERS;
  let inner = NO_QUALIFIERS;
  writer.withArgument(type, (argument) => {
    inner = innerQualifiers(writer, argument);
  });
  return inner;
}

/** `[2][3]`, the outer dimension first. */
function printDimensions(writer: Writer, type: Node): void {
  writer.write(writer.last === ']' ? '[' : ' [');
  if (type.left !== undefined) print(writer, type.left);
  writer.write(']');
  printTail(writer, type.right!);
}

/** Opens the parenthesis that keeps a pointer to a function or an array from being a function that returns a pointer. */
function open(writer: Writer, target: Node, isSpaced: boolean): void {
  if (!isWrapped(writer, target)) return;
  const isArray = isOfArray(writer, target);
  const needsSpace = isArray || isSpaced || (writer.last !== '(' && writer.last !== '*');
  if (needsSpace && writer.last !== ' ') writer.write(' ');
  writer.write('(');
}

/** Follows qualifiers and parameters to what a type is at heart, in its scope. */
function atHeart<T>(writer: Writer, type: Node, look: (heart: Node) => T): T {
  if (type.kind === 'qualifier' || type.kind === 'this-qualifier') return atHeart(writer, type.left!, look);
  if (type.kind === 'parameter' && writer.lambdaHeads.length === 0) {
    let result: T | undefined;
    writer.withArgument(type, (argument) => {
      writer.enter();
      result = atHeart(writer, argument, look);
      writer.leave();
    });
    return result!;
  }
  return look(type);
}

const isFunction = (writer: Writer, type: Node): boolean =>
  atHeart(writer, type, (heart) => heart.kind === 'function');

const isOfArray = (writer: Writer, type: Node): boolean =>
  atHeart(writer, type, (heart) => heart.kind === 'array');

const isWrapped = (writer: Writer, type: Node): boolean =>
  atHeart(writer, type, (heart) => heart.kind === 'function' || heart.kind === 'array');

/** Whether something stands behind the name that has a type. */
function hasTail(writer: Writer, type: Node): boolean {
  writer.enter();
  const found = atHeart(writer, type, (heart) => {
    switch (heart.kind) {
      case 'function':
      case 'array':
        return true;
      case 'suffix':
      case 'vendor-qualifier':
        return hasTail(writer, heart.left!);
      case 'reference': {
        const { target, scope } = collapse(writer, heart);
        let inner = false;
        writer.within(scope, () => {
          inner = hasTail(writer, target);
        });
        return inner;
      }
      case 'member-pointer':
      case 'vector':
        return hasTail(writer, heart.right!);
      default:
        return false;
    }
  });
  writer.leave();
  return found;
}

/**
 * `T&` where T is a reference itself: `&` wins over `&&`. A reference to a parameter that comes a second time, from a
 * substitution, means the argument it meant first.
 */
function collapse(writer: Writer, type: Node): { target: Node; sign: string; scope: Scope | undefined } {
  const direct = type.left!;
  let target = direct;
  let { scope } = writer;
  if (direct.kind === 'parameter' && writer.lambdaHeads.length === 0 && writer.levels === undefined) {
    if (writer.referenceScopes.has(direct)) scope = writer.referenceScopes.get(direct);
    else writer.referenceScopes.set(direct, scope);
    writer.within(scope, () => {
      target = writer.argumentOf(direct);
    });
    if (target.kind === 'reference') {
      const sign = target.text === '&' ? '&' : type.text;
      return { target: target.left!, sign, scope: scope?.outer };
    }
    return { target: direct, sign: type.text, scope };
  }
  if (direct.kind === 'reference') {
    const sign = direct.text === '&' ? '&' : type.text;
    return { target: direct.left!, sign, scope };
  }
  return { target, sign: type.text, scope };
}

/** In the parameters of a lambda there are no arguments: `auto:1`, or `$T0` where the lambda declares it. */
function printLambdaParameter(writer: Writer, parameter: Node): boolean {
  if (writer.lambdaHeads.length === 0) return false;
  const declared = writer.lambdaHeads.at(-1)?.items[parameter.number];
  writer.write(declared === undefined ? `auto:${parameter.number + 1}` : parameterName(declared));
  return true;
}
