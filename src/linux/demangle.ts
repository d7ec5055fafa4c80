import { Cursor } from './demangle-cursor.ts';
import { readEncoding } from './demangle-name.ts';
import type { Node } from './demangle-node.ts';
import { printFunctionName, printName } from './demangle-print.ts';
import { demangleRust } from './demangle-rust.ts';

/** Longer names are given back as they are. The longest in Node 18 to 26 has 975 letters. */
const LONGEST = 65_536;

const KEYED = /^_GLOBAL_[._$]([DI])_/;

/**
 * The C++ name behind a symbol: `node::Start(int, char**)` for `_ZN4node5StartEiPPc`, as GNU c++filt writes it. The grammar
 * is that of the Itanium C++ ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling). Parts that a compiler split
 * off or copied say so: `f() [clone .cold]`.
 * @returns the symbol itself when it is no mangled name or malformed; never throws. Time and length are bounded.
 */
export function demangle(mangled: string): string {
  return demangleWith(mangled, printName);
}

/** `demangle` without parameters, return type and parts that a compiler split off: what fits a row of a flame graph. */
export function demangleFunction(mangled: string): string {
  return demangleWith(mangled, printFunctionName).replace(CLONES, '');
}

function demangleWith(mangled: string, print: (encoding: Node) => string): string {
  if (mangled.charCodeAt(0) !== 95 /* _ */ || mangled.length > LONGEST) return mangled;
  try {
    if (mangled.startsWith('_Z')) return demangleRust(mangled) ?? demangleName(mangled, print);
    const keyed = KEYED.exec(mangled);
    if (keyed === null) return mangled;
    return `global ${keyed[1] === 'I' ? 'con' : 'de'}structors keyed to ${demangle(mangled.slice(keyed[0].length))}`;
  } catch {
    return mangled;
  }
}

function demangleName(mangled: string, print: (encoding: Node) => string): string {
  const cursor = new Cursor(mangled, 2);
  const encoding = readEncoding(cursor);
  const clones = mangled.slice(cursor.at);
  if (clones === '') return print(encoding);
  const parts = clones.match(CLONE);
  if (parts === null || parts.join('') !== clones) return mangled;
  return print(encoding) + parts.map((part) => ` [clone ${part}]`).join('');
}

const CLONES = /(?: \[clone [^\]]*\])+$/;

/** `.part.0`, `.cold`, `.123` */
const CLONE = /\.(?:[a-z_]+(?:\.\d+)*|\d+(?:\.\d+)*)/g;
