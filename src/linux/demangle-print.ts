import { MALFORMED } from './demangle-cursor.ts';
import type { Node } from './demangle-node.ts';
import { printExpression, printOperand } from './demangle-print-expression.ts';
import { functionUnder, printHead, printTail } from './demangle-print-type.ts';
import { Writer } from './demangle-writer.ts';

/**
 * A name for people, as GNU c++filt writes it (binutils 2.40; newer constructs as 2.42).
 * @throws MALFORMED when a parameter has no argument or the text gets too long
 */
export function printName(root: Node): string {
  const writer = new Writer();
  print(writer, root);
  return writer.text;
}

/** The same without the parameters of the function and what it returns: `v8::internal::Heap::Scavenge`. */
export function printFunctionName(root: Node): string {
  const encoding = root.kind === 'constrained' ? root.left! : root;
  if (encoding.kind !== 'encoding') return printName(root);
  const writer = new Writer();
  const name = unwrap(encoding.left!, []);
  if (name.kind === 'local' && name.right!.kind !== 'default-argument')
    printLocalName(writer, name, unwrap(name.right!, []));
  else print(writer, name);
  return writer.text;
}

/** Writes any node. */
export function print(writer: Writer, what: Node): void {
  writer.enter();
  printAny(writer, what);
  writer.leave();
}

function printAny(writer: Writer, what: Node): void {
  switch (what.kind) {
    case 'name':
    case 'standard':
    case 'builtin':
      writer.write(what.text);
      return;
    case 'qualified':
      print(writer, what.left!);
      writer.write('::');
      print(writer, what.right!);
      return;
    case 'template':
      printTemplate(writer, what);
      return;
    case 'arguments':
      printList(writer, what.items);
      return;
    case 'encoding':
    case 'constrained':
      printEncoding(writer, what, true);
      return;
    case 'local':
      printLocal(writer, what);
      return;
    case 'tagged':
      print(writer, what.left!);
      writer.write(`[abi:${what.text}]`);
      return;
    case 'module':
      print(writer, what.left!);
      writer.write(`@${what.text}`);
      return;
    case 'friend':
    case 'constructor':
      print(writer, what.left!);
      return;
    case 'destructor':
      writer.write('~');
      print(writer, what.left!);
      return;
    case 'operator': {
      const sign = what.text.trimEnd();
      writer.write(sign >= 'a' && sign <= 'zz' ? `operator ${sign}` : `operator${sign}`);
      return;
    }
    case 'literal-operator':
      writer.write('operator"" ');
      print(writer, what.left!);
      return;
    case 'conversion':
      writer.write('operator ');
      printConverted(writer, what.left!);
      return;
    case 'lambda':
      printLambda(writer, what);
      return;
    case 'unnamed':
      writer.write(`{unnamed type#${what.number + 1}}`);
      return;
    case 'binding':
      writer.write('[');
      printList(writer, what.items);
      writer.write(']');
      return;
    case 'default-argument':
      writer.write(`{default arg#${what.number + 1}}::`);
      print(writer, what.left!);
      return;
    case 'special':
      writer.write(what.text);
      print(writer, what.left!);
      return;
    case 'construction-vtable':
      writer.write('construction vtable for ');
      print(writer, what.right!);
      writer.write('-in-');
      print(writer, what.left!);
      return;
    case 'reference-temporary':
      writer.write(`reference temporary #${what.number} for `);
      print(writer, what.left!);
      return;
    case 'parameter-declaration':
      printDeclaration(writer, what);
      return;
    case 'parameter':
    case 'qualifier':
    case 'this-qualifier':
    case 'vendor-qualifier':
    case 'suffix':
    case 'reference':
    case 'member-pointer':
    case 'vector':
    case 'array':
    case 'function':
      printHead(writer, what);
      printTail(writer, what);
      return;
    case 'expansion':
      printExpansion(writer, what.left!);
      return;
    default:
      printExpression(writer, what);
      return;
  }
}

/**
 * `a, b`. Empty packs print nothing; separators before what prints nothing are taken back, from the end on, as c++filt
 * does: `<int>` for an empty pack behind, `<, int>` for one before.
 */
export function printList(writer: Writer, items: readonly Node[]): void {
  let end = writer.text;
  for (const [index, item] of items.entries()) {
    if (index > 0) writer.write(', ');
    const before = writer.text.length;
    print(writer, item);
    if (index === 0 || writer.text.length > before) end = writer.text;
  }
  writer.text = end;
}

/** The name of a template and its arguments. */
function printTemplate(writer: Writer, what: Node): void {
  const { template } = writer;
  writer.template = what;
  const name = what.left!;
  print(writer, name);
  printArguments(writer, what.right!);
  writer.template = template;
}

export function printArguments(writer: Writer, what: Node): void {
  // operator< <int>
  if (writer.last === '<') writer.write(' ');
  writer.write('<');
  print(writer, what);
  if (writer.last === '>') writer.write(' ');
  writer.write('>');
}

/** The type of a conversion operator, in which the arguments of the template around are known. */
function printConverted(writer: Writer, type: Node): void {
  const { template, scope } = writer;
  if (template === undefined) {
    print(writer, type);
    return;
  }
  const inner = { template, outer: scope };
  if (type.kind !== 'template') {
    writer.within(inner, () => print(writer, type));
    return;
  }
  writer.within(inner, () => print(writer, type.left!));
  printArguments(writer, type.right!);
}

/** What is inside a function; what that returns would be taken for the type of the inner thing. */
function printLocal(writer: Writer, what: Node): void {
  const within = what.left!;
  if (within.kind === 'encoding' || within.kind === 'constrained') {
    writer.enter();
    printEncoding(writer, within, false);
    writer.leave();
  } else print(writer, within);
  writer.write('::');
  print(writer, what.right!);
}

/** `int f<char>(long) const`: the name stands inside of the type. */
function printEncoding(writer: Writer, what: Node, withReturned: boolean): void {
  const encoding = what.kind === 'constrained' ? what.left! : what;
  const type = encoding.right!;
  // Qualifiers of `this` are written behind the parameters: those of the name, or of what is local in it.
  const qualifiers: Node[] = [];
  let name = unwrap(encoding.left!, qualifiers);
  let whole = name;
  if (name.kind === 'local') {
    const local = name;
    let inner = local.right!;
    if (inner.kind === 'default-argument') inner = inner.left!;
    inner = unwrap(inner, qualifiers);
    whole = local;
    name = inner;
  }
  const template = templateOf(encoding.left!);
  const scope = template === undefined ? writer.scope : { template, outer: writer.scope };
  const { underlying } = functionUnder(type);
  if (withReturned && underlying.left !== undefined) writer.within(scope, () => printHead(writer, type));
  if (whole.kind === 'local') printLocalName(writer, whole, name);
  else print(writer, whole);
  writer.within(scope, () => {
    printTail(writer, type, { qualifiers, withReturned });
  });
  if (what.kind === 'constrained') printConstraint(writer, what.right!, encoding.left!);
}

/** The name of a function that is local to another, without its qualifiers. */
function printLocalName(writer: Writer, local: Node, name: Node): void {
  const within = local.left!;
  if (within.kind === 'encoding' || within.kind === 'constrained') printEncoding(writer, within, false);
  else print(writer, within);
  writer.write('::');
  const inner = local.right!;
  if (inner.kind === 'default-argument') writer.write(`{default arg#${inner.number + 1}}::`);
  print(writer, name);
}

/** The name under its qualifiers of `this`; those are added, innermost first. */
function unwrap(what: Node, qualifiers: Node[]): Node {
  let inner = what;
  const found: Node[] = [];
  while (inner.kind === 'this-qualifier') {
    found.push(inner);
    inner = inner.left!;
  }
  qualifiers.push(...found.reverse());
  return inner;
}

/** The template that a function is made from: its arguments are what `T_` in its type means. */
function templateOf(name: Node): Node | undefined {
  let inner = unwrap(name, []);
  if (inner.kind === 'local') {
    inner = inner.right!;
    if (inner.kind === 'default-argument') inner = inner.left!;
    inner = unwrap(inner, []);
  }
  return inner.kind === 'template' ? inner : undefined;
}

/** Constraints count templates from the outermost on. */
function printConstraint(writer: Writer, constraint: Node, name: Node): void {
  const levels: Node[] = [];
  const pending = [name];
  for (let steps = 0; steps < 1000; steps++) {
    const part = pending.pop();
    if (part === undefined) break;
    if (part.kind === 'template') levels.unshift(part);
    if (part.kind === 'template' || part.kind === 'this-qualifier') pending.push(part.left!);
    else if (part.kind === 'qualified' || part.kind === 'local') pending.push(part.left!, part.right!);
    else if (part.kind === 'encoding') pending.push(part.left!);
  }
  writer.write(' requires ');
  const before = writer.levels;
  writer.levels = levels;
  printOperand(writer, constraint);
  writer.levels = before;
}

/** `{lambda(int)#1}` */
function printLambda(writer: Writer, what: Node): void {
  writer.lambdaHeads.push(what.right);
  writer.write('{lambda');
  if (what.right !== undefined) {
    writer.write('<');
    printList(writer, what.right.items);
    writer.write('>');
  }
  writer.write('(');
  printList(writer, what.items);
  writer.write(`)#${what.number + 1}}`);
  writer.lambdaHeads.pop();
}

/** `typename $T0`, `int $N1`, `template<typename> class $TT0`; a pack: `typename... $T0`. */
function printDeclaration(writer: Writer, what: Node): void {
  const isPack = what.text === 'pack';
  const declared = isPack ? what.left! : what;
  printDeclared(writer, declared);
  if (isPack) writer.write('...');
  writer.write(` ${parameterName(declared)}`);
}

function printDeclared(writer: Writer, declared: Node): void {
  switch (declared.text) {
    case 'type':
      writer.write('typename');
      return;
    case 'value':
    case 'concept':
      print(writer, declared.left!);
      return;
    case 'template':
      writer.write('template<');
      for (const [index, inner] of declared.right!.items.entries()) {
        if (index > 0) writer.write(', ');
        printDeclared(writer, inner.text === 'pack' ? inner.left! : inner);
        if (inner.text === 'pack') writer.write('...');
      }
      writer.write('> class');
      return;
    default:
      throw MALFORMED;
  }
}

/** What a template parameter of a lambda is called, as it has lost its name. */
export function parameterName(declared: Node): string {
  const inner = declared.text === 'pack' ? declared.left! : declared;
  const letters = inner.text === 'value' ? 'N' : inner.text === 'template' ? 'TT' : 'T';
  return `$${letters}${declared.number}`;
}

/** `Pattern...` for each of a pack. */
function printExpansion(writer: Writer, pattern: Node): void {
  const pack = writer.lambdaHeads.length > 0 ? undefined : findPack(writer, pattern);
  if (pack === undefined) {
    // Packs of function parameters only: their number is not known.
    printOperand(writer, pattern);
    writer.write('...');
    return;
  }
  const { packIndex } = writer;
  for (let index = 0; index < pack.items.length; index++) {
    writer.packIndex = index;
    if (index > 0) writer.write(', ');
    print(writer, pattern);
  }
  writer.packIndex = packIndex;
}

const LEAVES = new Set(['lambda', 'unnamed', 'default-argument', 'expansion', 'name', 'builtin', 'operator']);

/** The first pack among the parameters in a pattern. */
export function findPack(writer: Writer, pattern: Node): Node | undefined {
  const pending = [pattern];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    writer.enter();
    writer.leave();
    if (part.kind === 'parameter') {
      const argument = writer.packOrArgumentOf(part);
      if (argument?.kind === 'arguments') return argument;
      continue;
    }
    if (LEAVES.has(part.kind)) continue;
    for (let index = part.items.length - 1; index >= 0; index--) pending.push(part.items[index]!);
    if (part.right !== undefined) pending.push(part.right);
    if (part.left !== undefined) pending.push(part.left);
  }
  return undefined;
}
