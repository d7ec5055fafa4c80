/**
 * What a mangled name says, as a tree: made by demangle-name.ts, -type.ts and -expression.ts, printed by demangle-print.ts.
 * Parts are shared (substitutions), so it is a graph without cycles. What `left`, `right`, `items`, `text` and `number`
 * mean is said at each kind.
 */
export type NodeKind =
  // Names
  | 'name' // text
  | 'standard' // text: `std::allocator`, right: its last part, a name
  | 'tagged' // left[abi:text]
  | 'module' // left@text
  | 'qualified' // left::right
  | 'local' // left: encoding of the function, right: what is in it
  | 'default-argument' // left: what is in the default value of a parameter; number: from the end, 0 first
  | 'template' // left: name, right: arguments
  | 'arguments' // items: of a template, a pack or a call; right: the constraint of a template
  | 'constructor' // left: name of the class
  | 'destructor' // left
  | 'operator' // text: sign, number: of operands
  | 'literal-operator' // left: suffix
  | 'conversion' // left: type
  | 'lambda' // items: types of parameters, right: its template parameters ('arguments'), number
  | 'unnamed' // number
  | 'binding' // items: names
  | 'friend' // left
  // A function with its types, and what is derived of something
  | 'encoding' // left: name, right: function type (perhaps qualified)
  | 'constrained' // left: encoding, right: expression
  | 'special' // text: `vtable for `, left
  | 'construction-vtable' // left: in, right: of
  | 'reference-temporary' // left, number
  // Types
  | 'builtin' // text; number: index of LITERAL_FORM
  | 'qualifier' // text: const, volatile, restrict; left
  | 'this-qualifier' // text: const, &, noexcept …; left: function or name; right: expression in parentheses
  | 'vendor-qualifier' // left: type, right: name
  | 'suffix' // text: `*`, ` _Complex` …; left
  | 'reference' // text: & or &&; left
  | 'member-pointer' // left: class, right: type
  | 'vector' // left: number of elements, right: type
  | 'array' // left: number of elements if any, right: type
  | 'function' // left: what it returns, if said; items: types of parameters
  | 'parameter' // of a template; number: 0 first; text: '' or the level
  | 'parameter-declaration' // text: `typename `, `template<…> `; left: type; right: arguments; number
  | 'expansion' // left: pattern
  | 'bit-int' // text: `signed _BitInt(`, left: number of bits
  // Expressions
  | 'decltype' // left
  | 'function-parameter' // number: 0 is `this`
  | 'unary' // left: operator or 'cast', right
  | 'binary' // left: operator, items: two
  | 'trinary' // left: operator, items: three, some empty
  | 'fold' // text: code, left: operator, items: one or two
  | 'cast' // left: type
  | 'braces' // left: type if any, right: arguments
  | 'literal' // left: type, text: digits, number: 1 negative
  | 'vendor-expression' // left: name, right: arguments
  | 'requires' // left: parameters, items: requirements
  | 'requirement' // text: before it, left: expression or type, right: what it must return, number: 1 noexcept
  | 'empty';

export interface Node {
  readonly kind: NodeKind;
  readonly text: string;
  readonly left: Node | undefined;
  readonly right: Node | undefined;
  readonly items: readonly Node[];
  readonly number: number;
}

const NONE: readonly Node[] = [];

/** All nodes have one shape, which keeps reading their fields fast. */
export function node(
  kind: NodeKind,
  text: string,
  left?: Node,
  right?: Node,
  items: readonly Node[] = NONE,
  number = 0,
): Node {
  return { kind, text, left, right, items, number };
}

export const name = (text: string): Node => node('name', text);

export const list = (items: readonly Node[]): Node => node('arguments', '', undefined, undefined, items);

/** A function type's own qualifiers, or those of a member function on its name. */
export const thisQualifier = (text: string, left: Node, right?: Node): Node =>
  node('this-qualifier', text, left, right);
