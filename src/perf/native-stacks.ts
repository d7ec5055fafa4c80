import { CATEGORIES, type CallTree, type Category } from '../cpu/call-tree.ts';

export const NATIVE_STACKS_SCHEMA = 'holter.native-stacks/1';

/** `native-stacks.json`: where a busy main thread spends its CPU time, JavaScript or not, as the kernel samples it. */
export interface NativeStacksFile {
  schema: typeof NATIVE_STACKS_SCHEMA;
  samples: number;
  /** By what was on top of the stack, 0–1. */
  share: Record<Extract<Category, 'js' | 'native' | 'kernel' | 'gc'>, number>;
  /** The innermost frame of the process's own that most of all samples run under. */
  common?: { frames: string[]; share: number };
  /** Places of the samples that belong together, heaviest first: up to eight frames, innermost first. */
  top: { frames: string[]; share: number }[];
}

const OF_V8 = /^(?:Builtins_|\(interpreted function\)|BytecodeHandler|construct_stub_)/;
const MOST_STACKS = 5;
const MOST_FRAMES = 8;
/** The innermost frame that most samples below it share. */
const COMMON = 0.6;

/** @param tree of the main thread, by `perf` */
export function summariseNativeStacks(tree: CallTree): NativeStacksFile {
  const total = Math.max(1e-9, tree.total[0] ?? 0);
  const share = { js: 0, native: 0, kernel: 0, gc: 0 };
  for (let node = 0; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    const known = CATEGORIES[tree.frames.category[frame]!];
    // V8's builtins and its interpreter run the program.
    const category = known === 'native' && OF_V8.test(tree.frames.name[frame]!) ? 'js' : known;
    if (category === 'js' || category === 'native' || category === 'kernel' || category === 'gc')
      share[category] += tree.self[node]! / total;
  }
  const children = new Map<number, number[]>();
  for (let node = 1; node < tree.length; node++) {
    const list = children.get(tree.parent[node]!);
    if (list === undefined) children.set(tree.parent[node]!, [node]);
    else list.push(node);
  }
  let common = 0;
  for (let node: number | undefined = 0; node !== undefined; ) {
    // What the kernel does for it says less than who asked for it.
    if (CATEGORIES[tree.frames.category[tree.frame[node]!]!] === 'kernel') break;
    common = node;
    node = (children.get(node) ?? []).find((child) => tree.total[child]! >= COMMON * total);
  }
  // From the root on the heaviest way, as long as it holds most of what is above; each end is a place.
  const top: NativeStacksFile['top'] = [];
  const begins = [0];
  while (begins.length > 0 && top.length < MOST_STACKS) {
    begins.sort((a, b) => tree.total[b]! - tree.total[a]!);
    let node = begins.shift()!;
    const weight = tree.total[node]!;
    if (node !== 0 && weight / total < 0.03) break;
    for (;;) {
      const below = [...(children.get(node) ?? [])].sort((a, b) => tree.total[b]! - tree.total[a]!);
      const [first] = below;
      if (first === undefined || tree.total[first]! < COMMON * tree.total[node]!) {
        // It divides here: each part is a place of its own when it is large.
        const large = below.filter((child) => tree.total[child]! / total >= 0.1);
        if (large.length > 0 && tree.self[node]! < 0.3 * tree.total[node]!) begins.push(...large);
        else top.push({ frames: framesOf(tree, node), share: tree.total[node]! / total });
        break;
      }
      begins.push(...below.slice(1).filter((child) => tree.total[child]! / total >= 0.1));
      node = first;
    }
  }
  return {
    schema: NATIVE_STACKS_SCHEMA,
    samples: tree.samples.time.length,
    share,
    ...(common === 0
      ? {}
      : { common: { frames: framesOf(tree, common), share: tree.total[common]! / total } }),
    top: top.sort((a, b) => b.share - a.share),
  };
}

function framesOf(tree: CallTree, node: number): string[] {
  const names: string[] = [];
  for (let at = node; at > 0 && names.length < MOST_FRAMES; at = tree.parent[at]!)
    names.push(tree.frames.name[tree.frame[at]!]!);
  return names;
}
