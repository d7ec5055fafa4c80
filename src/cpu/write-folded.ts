import { CATEGORIES, type CallTree } from './call-tree.ts';
import { writeFoldedFrame } from './folded-frame.ts';

/** A chunk is passed on when it is longer than this: few large strings, none that holds the whole file. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Folded stacks (flamegraph.pl's input), one line per node with weight of its own: `outermost;…;innermost weight`. Frames
 * are `name (file:line:column)`, kernel frames end in `_[k]`. Weights are in the tree's unit, to three digits behind
 * the point; smaller ones are left out. Yields pieces of text. Reading back gives the same names, places and weights.
 */
export function* writeFolded(tree: CallTree): Iterable<string> {
  const labels: (string | undefined)[] = new Array(tree.frames.length);
  const stack: string[] = [];
  let chunk = '';
  for (let node = 0; node < tree.length; node++) {
    const weight = Math.round(tree.self[node]! * 1000) / 1000;
    if (!(weight > 0) || weight === Number.POSITIVE_INFINITY) continue;
    stack.length = 0;
    for (let at = node; at > 0; at = tree.parent[at]!) {
      const frame = tree.frame[at]!;
      labels[frame] ??= label(tree, frame);
      stack.push(labels[frame]);
    }
    if (node === 0) stack.push('(root)');
    chunk += `${stack.reverse().join(';')} ${plainNumber(weight)}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function label({ frames }: CallTree, row: number): string {
  return writeFoldedFrame({
    name: frames.name[row]!,
    file: frames.file[row]!,
    line: frames.line[row]!,
    column: frames.column[row]!,
    category: CATEGORIES[frames.category[row]!]!,
  });
}

/** flamegraph.pl knows no exponents. */
function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? BigInt(Math.round(value)).toString() : text;
}
