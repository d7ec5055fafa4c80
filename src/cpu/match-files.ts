import { type FrameTable, PARTIES } from './call-tree.ts';

/** Names of files that two profiles have in common. */
export interface FileMatch {
  /** The same text for the same file, by row of each profile's frame table. */
  before: (frame: number) => string;
  after: (frame: number) => string;
  /** User files paired though their base names differ. */
  renamed: { before: string; after: string }[];
}

const USER = PARTIES.indexOf('user');
const DEPENDENCY = PARTIES.indexOf('dependency');
/** Pairs of files of one base name, and of any, that are looked at; beyond, other paths are other files. */
const PATH_PAIRS = 500_000;
const NAME_PAIRS = 10_000;

/**
 * Pairs the files of two profiles. The same path is the same file. Of the user's others, those with the same base name
 * and the longest common end of the path are (two checkouts, a laptop and a container), then those that hold mostly
 * functions of the same names (`1-slow.js` and `2-fast.js`), which are reported as renamed.
 */
export function matchFiles(before: FrameTable, after: FrameTable): FileMatch {
  const left = userFiles(before);
  const right = userFiles(after);
  for (const file of left.keys()) if (right.delete(file)) left.delete(file);
  const partner = new Map<string, string>();
  const renamed: FileMatch['renamed'] = [];
  const pair = (one: string, other: string): boolean => {
    if (!left.has(one) || !right.has(other)) return false;
    left.delete(one);
    right.delete(other);
    partner.set(one, other);
    return true;
  };
  for (const { one, other } of rankPairs(left, right, pairsOfOneBase(left, right), sharedEnd))
    pair(one, other);
  if (left.size * right.size <= NAME_PAIRS) {
    const alike = left.size === 1 && right.size === 1 ? sharedNames : sharedOfMost;
    const all = [...left.keys()].flatMap((one) => [...right.keys()].map((other) => [one, other] as const));
    for (const { one, other } of rankPairs(left, right, all, alike))
      if (pair(one, other)) renamed.push({ before: one, after: other });
  }
  return {
    before: (frame) => partner.get(before.file[frame]!) ?? fileKey(before, frame),
    after: (frame) => fileKey(after, frame),
    renamed,
  };
}

/** Files of the user's code and the names of their functions, `(anonymous)` left out. */
function userFiles(frames: FrameTable): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (let frame = 0; frame < frames.length; frame++) {
    if (frames.party[frame] !== USER) continue;
    const file = frames.file[frame]!;
    const names = files.get(file) ?? new Set();
    if (!/^(\(.*\))?$/.test(frames.name[frame]!)) names.add(frames.name[frame]!);
    files.set(file, names);
  }
  return files;
}

/** Dependencies from the package name on: `/a/node_modules/.pnpm/x@1/node_modules/x/lib/i.js` → `x/lib/i.js`. */
function fileKey(frames: FrameTable, frame: number): string {
  const file = frames.file[frame]!;
  if (frames.party[frame] !== DEPENDENCY) return file;
  const at = file.lastIndexOf(`node_modules/${frames.package[frame]}/`);
  return at < 0 ? file : file.slice(at);
}

type Files = ReadonlyMap<string, ReadonlySet<string>>;
type Pair = readonly [one: string, other: string];
type Likeness = (one: string, other: string, left: Files, right: Files) => number;

function pairsOfOneBase(left: Files, right: Files): Pair[] {
  const byBase = new Map<string, string[]>();
  for (const file of right.keys()) {
    const base = file.slice(file.lastIndexOf('/') + 1);
    const known = byBase.get(base);
    if (known === undefined) byBase.set(base, [file]);
    else known.push(file);
  }
  const pairs: Pair[] = [];
  for (const one of left.keys())
    for (const other of byBase.get(one.slice(one.lastIndexOf('/') + 1)) ?? []) {
      if (pairs.length >= PATH_PAIRS) return pairs;
      pairs.push([one, other]);
    }
  return pairs;
}

/** Pairs with any likeness, most alike first; equal ones in the order of their names. */
function rankPairs(
  left: Files,
  right: Files,
  pairs: readonly Pair[],
  likeness: Likeness,
): { one: string; other: string }[] {
  return pairs
    .map(([one, other]) => ({ one, other, score: likeness(one, other, left, right) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (`${a.one}\n${a.other}` < `${b.one}\n${b.other}` ? -1 : 1));
}

/** Folders and base name that both paths end in; names of functions decide between equals. */
function sharedEnd(one: string, other: string, left: Files, right: Files): number {
  const [a, b] = [one.split('/').reverse(), other.split('/').reverse()];
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  return shared === 0 ? 0 : shared + sharedNames(one, other, left, right) / 1e6;
}

/** Shared names when they are at least two and half of those of the file that has fewer. */
function sharedOfMost(one: string, other: string, left: Files, right: Files): number {
  const shared = sharedNames(one, other, left, right);
  const fewer = Math.min(left.get(one)!.size, right.get(other)!.size);
  return shared >= 2 && shared >= fewer / 2 ? shared : 0;
}

function sharedNames(one: string, other: string, left: Files, right: Files): number {
  const names = right.get(other)!;
  let shared = 0;
  for (const name of left.get(one)!) if (names.has(name)) shared++;
  return shared;
}
