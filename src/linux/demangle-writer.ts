import { MALFORMED } from './demangle-cursor.ts';
import type { Node } from './demangle-node.ts';

/** Substitutions let a short name stand for an endless one: the longest in Node 18 to 26 has 29 k letters. */
const LONGEST = 200_000;
/** Nodes visited: packs that print nothing must end too. Node 18 to 26 need 5 091. */
const MOST_STEPS = 1_000_000;
const DEEPEST = 500;

/** Templates whose arguments `T_` means, innermost first. */
export interface Scope {
  readonly template: Node;
  readonly outer: Scope | undefined;
}

/** The text so far, and what parts of a name mean where it stands. */
export class Writer {
  text = '';
  /** The last letter written, also after `cut`: c++filt decides about spaces by it. */
  last = '';
  scope: Scope | undefined;
  /** Which one of a pack is being written; -1: all of it. */
  packIndex = 0;
  /** Within the parameters of a lambda, whose types are `auto:1` or `$T0`. */
  lambdaHeads: Array<Node | undefined> = [];
  /** The template whose name is being written, for conversion operators. */
  template: Node | undefined;
  /** Templates by level, outermost first: what `T_` and `TL0__` mean in constraints. */
  levels: readonly Node[] | undefined;
  /** Scopes in which references to a parameter were first written: substitutions repeat them elsewhere. */
  readonly referenceScopes: Map<Node, Scope | undefined> = new Map();
  #steps = 0;
  #depth = 0;

  write(piece: string): void {
    if (piece === '') return;
    this.text += piece;
    this.last = piece.charAt(piece.length - 1);
    if (this.text.length > LONGEST) throw MALFORMED;
  }

  /** One node within another; `leave` ends it. */
  enter(): void {
    if (++this.#depth > DEEPEST || ++this.#steps > MOST_STEPS) throw MALFORMED;
  }

  leave(): void {
    this.#depth--;
  }

  /** Runs with another scope. */
  within(scope: Scope | undefined, write: () => void): void {
    const before = this.scope;
    this.scope = scope;
    write();
    this.scope = before;
  }

  /** What a parameter stands for here: one of a pack, or with `packIndex` -1 all of it. */
  argumentOf(parameter: Node): Node {
    const argument = this.packOrArgumentOf(parameter);
    if (argument === undefined) throw MALFORMED;
    if (argument.kind !== 'arguments' || this.packIndex < 0) return argument;
    const one = argument.items[this.packIndex];
    if (one === undefined) throw MALFORMED;
    return one;
  }

  packOrArgumentOf(parameter: Node): Node | undefined {
    const level = parameter.text === '' ? 0 : Number(parameter.text);
    const template = this.levels === undefined ? this.scope?.template : this.levels[level];
    return template?.right?.items[parameter.number];
  }

  /** Writes what a parameter stands for where the template is used. */
  withArgument(parameter: Node, write: (argument: Node) => void): void {
    const argument = this.argumentOf(parameter);
    const { levels } = this;
    this.levels = undefined;
    this.within(levels === undefined ? this.scope?.outer : this.scope, () => write(argument));
    this.levels = levels;
  }
}
