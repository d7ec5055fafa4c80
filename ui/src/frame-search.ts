import type { FlameTree } from './flame-tree.ts';

/** A search as typed: nothing, a test for one text, or an expression that does not compile. */
export type Query =
  | { kind: 'none' }
  | { kind: 'test'; test: (text: string) => boolean }
  | { kind: 'invalid'; why: string };

/** Substring, case ignored, or `/re/`. */
export function readQuery(query: string): Query {
  const text = query.trim();
  if (text === '') return { kind: 'none' };
  const expression = /^\/(.+)\/$/.exec(text);
  if (!expression) {
    const needle = text.toLowerCase();
    return { kind: 'test', test: (value) => value.toLowerCase().includes(needle) };
  }
  try {
    const re = new RegExp(expression[1]!, 'i');
    return { kind: 'test', test: (value) => re.test(value) };
  } catch (error) {
    return { kind: 'invalid', why: error instanceof Error ? error.message : String(error) };
  }
}

/** Which of some things a query means, by name or path; null when it asks for nothing or cannot be understood. */
export function matchNames(
  query: Query,
  name: readonly string[],
  file: readonly string[],
): Uint8Array | null {
  if (query.kind !== 'test') return null;
  const out = new Uint8Array(name.length);
  const known = new Map<string, boolean>();
  for (let i = 0; i < name.length; i++) {
    let inFile = known.get(file[i]!);
    if (inFile === undefined) {
      inFile = query.test(file[i]!);
      known.set(file[i]!, inFile);
    }
    out[i] = inFile || query.test(name[i]!) ? 1 : 0;
  }
  return out;
}

/** Boxes that match, heaviest first, and the weight under them; a match inside a match is counted once. */
export function coverage(tree: FlameTree, matches: Uint8Array): { boxes: number[]; weight: number } {
  const boxes: number[] = [];
  let weight = 0;
  let covered = 0;
  for (let i = 1; i < tree.length; i++) {
    if (!matches[tree.frame[i]!]) continue;
    boxes.push(i);
    if (i < covered) continue;
    weight += tree.total[i]!;
    covered = tree.end[i]!;
  }
  boxes.sort((a, b) => tree.total[b]! - tree.total[a]! || a - b);
  return { boxes, weight };
}
