import type { Category } from './call-tree.ts';
import type { FrameInfo } from './call-tree-builder.ts';
import { type ForeignFrame, type PlacedName, splitPlace } from './foreign-frame.ts';
import { readPlainFrame } from './perf-frame.ts';

/**
 * Frames of folded stacks as text. The format has no place for a file: holter writes `name (file:line:column)` and
 * `name_[k]` for the kernel, and reads what others write too. What would be read as something else is written so that
 * it comes back: `%3B` for a semicolon in a name, `name ()` for a name that looks like more than a name.
 */
const ESCAPED = /%(25|3B|0A|0D|28|29)/g;
/** Annotations of stackcollapse-perf.pl --all, async-profiler and their kin: kernel, JIT, inlined, waker, tier. */
const ANNOTATION = /_\[([kjiw01])\]$/;
const LINE_END = /[\n\r;]|%(?=25|3B|0A|0D|28|29)/g;
/** Would be taken for a count, or for the first of two. */
const COUNT_END = /\s[\d.]+\s*$/;

/** A frame of a folded stack, whoever wrote it. */
export function readFoldedFrame(text: string): ForeignFrame {
  const annotation = ANNOTATION.exec(text);
  const bare = annotation === null ? text : text.slice(0, annotation.index);
  const kernel: { category?: Category } = annotation?.[1] === 'k' ? { category: 'kernel' } : {};
  if (bare.endsWith(' ()')) {
    return { name: decode(bare.slice(0, -3)), file: '', line: 0, column: 0, ...kernel };
  }
  const placed = bare.endsWith(')') ? splitBrackets(bare) : undefined;
  if (placed !== undefined) {
    return { ...placed, name: decode(placed.name), file: decode(placed.file), ...kernel };
  }
  const frame = readPlainFrame(decode(bare));
  return { ...frame, ...kernel };
}

/** The text of a function, without the semicolon that follows. `readFoldedFrame` gives the same name and place. */
export function writeFoldedFrame(frame: Omit<FrameInfo, 'party' | 'package'>): string {
  const kernel = frame.category === 'kernel' ? '_[k]' : '';
  // `(/` would be taken for the begin of a file, which may hold semicolons.
  const name = encode(frame.name).replaceAll('(/', '%28/');
  const file = writeFile(frame.file);
  const numbers = frame.line === 0 ? '' : `:${frame.line}${frame.column === 0 ? '' : `:${frame.column}`}`;
  if (file === '') {
    const text = name + kernel;
    return isSame(text, frame) && !COUNT_END.test(text) ? text : `${name} ()${kernel}`;
  }
  const text = `${name} (${file}${numbers})${kernel}`;
  return isSame(text, frame) ? text : `${name} (${file}:${frame.line}:${frame.column})${kernel}`;
}

function isSame(text: string, frame: PlacedName): boolean {
  const read = readFoldedFrame(text);
  return (
    read.name === frame.name &&
    read.file === frame.file &&
    read.line === frame.line &&
    read.column === frame.column
  );
}

/** `name (place)`, where the brackets of the place match and what is in them is one. */
function splitBrackets(text: string): PlacedName | undefined {
  let depth = 0;
  let open = text.length - 1;
  for (; open >= 0; open--) {
    const c = text[open];
    if (c === ')') depth++;
    else if (c === '(' && --depth === 0) break;
  }
  if (open < 0 || (open > 0 && text[open - 1] !== ' ')) return undefined;
  const inner = text.slice(open + 1, -1);
  const numbers = /:(\d{1,10})(?::(\d{1,10}))?$/.exec(inner);
  const name = text.slice(0, Math.max(0, open - 1));
  if (numbers === null) {
    const placed = splitPlace(inner);
    const file = placed.file !== '' ? placed.file : inner;
    if (placed.name !== '' && (inner.includes(' ') || !/[/\\]|\.[cm]?[jt]sx?$/.test(inner))) return undefined;
    return { name, file, line: 0, column: 0 };
  }
  const file = inner.slice(0, numbers.index);
  return { name, file, line: toNumber(numbers[1]), column: toNumber(numbers[2]) };
}

function toNumber(digits: string | undefined): number {
  const value = Number(digits ?? 0);
  return value <= 0x7fffffff ? value : 0;
}

function writeFile(file: string): string {
  let depth = 0;
  let least = 0;
  for (const c of file) {
    if (c === '(') depth++;
    else if (c === ')') least = Math.min(least, --depth);
  }
  const text = encode(file);
  return depth === 0 && least === 0 ? text : text.replaceAll('(', '%28').replaceAll(')', '%29');
}

function encode(text: string): string {
  return text.replace(LINE_END, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
