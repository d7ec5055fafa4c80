import type { FlameTree } from './flame-tree.ts';

/**
 * Which frames a query means: substring, case ignored, or `/re/` over name and path. An expression that does not
 * compile is taken literally, so that typing one never shows an error.
 */
export function matchFrames(query: string, name: string[], file: string[]): Uint8Array | null {
  const text = query.trim();
  if (text === '') return null;
  let test: (value: string) => boolean;
  const expression = /^\/(.+)\/$/.exec(text);
  try {
    if (!expression) throw new SyntaxError('not an expression');
    const re = new RegExp(expression[1]!, 'i');
    test = (value) => re.test(value);
  } catch {
    const needle = text.toLowerCase();
    test = (value) => value.toLowerCase().includes(needle);
  }
  const out = new Uint8Array(name.length);
  for (let i = 0; i < name.length; i++) out[i] = test(name[i]!) || test(file[i]!) ? 1 : 0;
  return out;
}

/** Boxes that match and the weight under them; a match inside a match is counted once. */
export function coverage(tree: FlameTree, matches: Uint8Array): { boxes: number; weight: number } {
  let boxes = 0;
  let weight = 0;
  let covered = 0;
  for (let i = 1; i < tree.length; i++) {
    if (!matches[tree.frame[i]!]) continue;
    boxes++;
    if (i < covered) continue;
    weight += tree.total[i]!;
    covered = tree.end[i]!;
  }
  return { boxes, weight };
}
