/** A JSON text read as far as it is sound. */
export interface JsonPrefix {
  value: unknown;
  /** False when the text ended early or turned into something that is not JSON. */
  complete: boolean;
  /** Characters understood, of `total`. */
  read: number;
  total: number;
}

/**
 * Parses JSON; where it is cut or damaged, parses the longest sound prefix: everything up to the last value that was
 * whole, with the open brackets closed. `value` is undefined when not even one value is whole. One pass, no recursion:
 * a crash of the writer or a full disk must not cost the whole recording.
 */
export function readJsonPrefix(text: string): JsonPrefix {
  const total = text.length;
  try {
    return { value: JSON.parse(text), complete: true, read: total, total };
  } catch {
    // The engine's message lacks the position in half of the cases; the scan below finds its own.
  }
  const { end, closers } = scanPrefix(text);
  let value: unknown;
  try {
    value = end === 0 ? undefined : JSON.parse(text.slice(0, end) + closers);
  } catch {
    value = undefined;
  }
  return { value, complete: false, read: end, total };
}

/** Sticky patterns: one token at `lastIndex`. */
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}])/y;
const SPACE = /[ \t\r\n]*/y;

type Expected = 'value' | 'value or end' | 'key or end' | 'key' | 'colon' | 'comma or end';

/** Where the sound part ends, and the brackets that close it. */
function scanPrefix(text: string): { end: number; closers: string } {
  const open: ('}' | ']')[] = [];
  let expected: Expected = 'value';
  let at = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  let end = 0;
  let endDepth = 0;
  /** A whole value ends at `next`: the text could be cut here. */
  const endOfValue = (next: number): void => {
    at = next;
    end = next;
    endDepth = open.length;
    expected = 'comma or end';
  };
  while (at < text.length) {
    const char = text[at]!;
    if (expected === 'value' || expected === 'value or end') {
      if (char === ']' && expected === 'value or end') {
        open.pop();
        endOfValue(at + 1);
      } else if (char === '{' || char === '[') {
        open.push(char === '{' ? '}' : ']');
        expected = char === '{' ? 'key or end' : 'value or end';
        at++;
      } else {
        const next = char === '"' ? endOfString(text, at) : match(SCALAR, text, at);
        if (next < 0) break;
        endOfValue(next);
      }
    } else if (expected === 'key or end' || expected === 'key') {
      if (char === '}' && expected === 'key or end') {
        open.pop();
        endOfValue(at + 1);
      } else {
        const next = endOfString(text, at);
        if (next < 0) break;
        at = next;
        expected = 'colon';
      }
    } else if (expected === 'colon') {
      if (char !== ':') break;
      at++;
      expected = 'value';
    } else if (open.length > 0 && char === ',') {
      expected = open.at(-1) === '}' ? 'key' : 'value';
      at++;
    } else if (open.length > 0 && char === open.at(-1)) {
      open.pop();
      endOfValue(at + 1);
    } else break;
    at = skipSpace(text, at);
  }
  return { end, closers: open.slice(0, endDepth).reverse().join('') };
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

const ESCAPE = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/** Place after the string that begins at `at`, -1 for a broken one. A loop: a pattern would run out of stack on megabytes. */
function endOfString(text: string, at: number): number {
  if (text[at] !== '"') return -1;
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    // Raw control characters may not stand in a string (RFC 8259 §7).
    if (code < 0x20) return -1;
    if (code === 0x5c) {
      const next = match(ESCAPE, text, i + 1);
      if (next < 0) return -1;
      i = next - 1;
    }
  }
  return -1;
}

function skipSpace(text: string, at: number): number {
  return match(SPACE, text, at);
}
