/** `_ZN`, names with their lengths, and at the end a hash: Rust's own use of C++ names, before its v0 mangling. */
const LEGACY = /^_ZN(\d[A-Za-z0-9_.:$]*?)17(h[0-9a-f]{16})E(?:\.llvm\.[0-9A-F@]+|\.\d+)*$/;

const ESCAPES: Record<string, string> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

/**
 * The name behind a symbol of Rust (Node has some of it from version 26 on): `<u32 as Int>::abs::h041a3fcafc9949f7`.
 * @returns undefined when it is none
 */
export function demangleRust(mangled: string): string | undefined {
  // Most names are C++: a look from behind tells in no time.
  if (!mangled.includes('17h')) return undefined;
  const match = LEGACY.exec(mangled);
  if (match === null) return undefined;
  const hash = match[2]!;
  // A hash has many different digits; a C++ name that looks like one has few.
  if (new Set(hash.slice(1)).size < 5) return undefined;
  const parts: string[] = [];
  const path = match[1]!;
  for (let at = 0; at < path.length; ) {
    const digits = /^\d+/.exec(path.slice(at, at + 8))?.[0];
    if (digits === undefined || digits.startsWith('0')) return undefined;
    const start = at + digits.length;
    at = start + Number(digits);
    if (at > path.length) return undefined;
    const part = plainOf(path.slice(start, at));
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return [...parts, hash].join('::');
}

/** `_$LT$u32$u20$as$u20$a..Int$GT$` → `<u32 as a::Int>` */
function plainOf(identifier: string): string | undefined {
  let isValid = true;
  const text = identifier
    .replace(/^_\$/, '$')
    .replace(/\$(?:([A-Z]+)|u([0-9a-f]{1,6}))\$|\.\.|\$/g, (all, sign?: string, code?: string) => {
      if (all === '..') return '::';
      const plain =
        sign !== undefined
          ? ESCAPES[sign]
          : code !== undefined && isPrintable(Number.parseInt(code, 16))
            ? String.fromCodePoint(Number.parseInt(code, 16))
            : undefined;
      if (plain === undefined) isValid = false;
      return plain ?? '';
    });
  return isValid ? text : undefined;
}

const isPrintable = (code: number): boolean => code >= 0x20 && code < 0x7f;
