import type { BlockStack } from './call-tree.ts';
import { callPattern, findFunctionExtent, findLines, type SourceLines } from './function-source.ts';

/** How a function without a name is written everywhere. */
export const ANONYMOUS = '(anonymous)';

/** A function by name and begin. */
export interface FunctionPosition {
  name: string;
  file: string;
  /** First line and column, 1-based. */
  line: number;
  column: number;
}

/** Position with the one spelling of a missing name. */
export function functionPosition(name: string, file: string, line: number, column: number): FunctionPosition {
  return { name: name || ANONYMOUS, file, line, column };
}

/**
 * Most frequent line at which a function was in exact stacks while it called `callee` (or anything, when undefined).
 * Names repeat within a file, so a line outside of the function's text is another function's.
 */
export function callLineFromStacks(
  position: FunctionPosition,
  stacks: readonly BlockStack[],
  sources: SourceLines,
  callee: { function: string; file: string } | undefined,
): { line: number; column: number } | undefined {
  if (stacks.length === 0) return undefined;
  const lines = sources.lines(position.file);
  const extent = lines && findFunctionExtent(lines, position.line, position.column);
  const found = new Map<number, { count: number; column: number }>();
  for (const { frames } of stacks) {
    frames.forEach((frame, at) => {
      if (frame.file !== position.file || (frame.function || ANONYMOUS) !== position.name) return;
      if (frame.line === 0 || frame.line < position.line || (extent && frame.line > extent.last)) return;
      const inner = frames[at - 1];
      if (callee !== undefined && (inner?.function !== callee.function || inner.file !== callee.file)) return;
      const known = found.get(frame.line) ?? { count: 0, column: frame.column };
      known.count++;
      found.set(frame.line, known);
    });
  }
  const best = [...found].sort((a, b) => b[1].count - a[1].count)[0];
  return best === undefined ? undefined : { line: best[0], column: best[1].column };
}

/** The one line of the function's text that calls one of `names`; undefined when there is none or more than one. */
export function callLineFromSource(
  sources: SourceLines,
  position: FunctionPosition,
  names: readonly string[],
): number | undefined {
  const lines = sources.lines(position.file);
  const extent = lines && findFunctionExtent(lines, position.line, position.column);
  if (lines === undefined || extent === undefined) return undefined;
  for (const name of names) {
    const pattern = callPattern(name);
    const found = pattern === undefined ? [] : findLines(lines, extent, pattern);
    if (found.length === 1) return found[0];
  }
  return undefined;
}
