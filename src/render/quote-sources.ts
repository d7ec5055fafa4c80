import { type CallTree, PARTIES } from '../cpu/call-tree.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { shortPath } from './short-path.ts';

/** Bounds of the source texts in a page: files, characters of one (larger ones are bundles), characters of all. */
const FILE_LIMIT = 200;
const LENGTH_LIMIT = 400_000;
const SUM_LIMIT = 1_500_000;

/**
 * Texts of the user's files in the trees, by the path the page names them with: those with the most time charged to
 * them first, as long as they fit. `book` is asked with the path as it stands in the tree.
 */
export function quoteSources(
  trees: readonly CallTree[],
  book: SourceBook,
  cwd: string,
): Record<string, string> {
  const weightOf = new Map<string, number>();
  for (const { frames, frame, parent, self, length } of trees) {
    // Time goes to the closest function of the user above: that is the line a reader can change.
    const owner = new Int32Array(length).fill(-1);
    for (let i = 1; i < length; i++) {
      const f = frame[i]!;
      const mine = PARTIES[frames.party[f]!] === 'user' && frames.file[f] !== '';
      owner[i] = mine ? f : owner[parent[i]!]!;
      if (owner[i]! < 0) continue;
      const file = frames.file[owner[i]!]!;
      weightOf.set(file, (weightOf.get(file) ?? 0) + self[i]!);
    }
  }
  return quoteFiles(weightOf, book, cwd);
}

/** The same for files that have their weight already; paths as `book` knows them. */
export function quoteFiles(
  weightOf: ReadonlyMap<string, number>,
  book: SourceBook,
  cwd: string,
): Record<string, string> {
  const out: Record<string, string> = {};
  let room = SUM_LIMIT;
  for (const [file] of [...weightOf].sort((a, b) => b[1] - a[1]).slice(0, FILE_LIMIT)) {
    const text = book.lines(file)?.join('\n');
    if (text === undefined || text.length > room || text.length > LENGTH_LIMIT) continue;
    out[shortPath(file, cwd)] = text;
    room -= text.length;
  }
  return out;
}
