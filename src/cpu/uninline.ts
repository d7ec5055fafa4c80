import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';
import { CallTreeBuilder, type FrameInfo } from './call-tree-builder.ts';
import { type FunctionExtent, findFunctionExtent, type SourceLines } from './function-source.ts';

/** A move below this share of a node's lines is noise of V8's position table. */
const LEAST_SHARE = 0.02;

/**
 * Gives time of inlined functions back to them.
 *
 * V8 charges the ticks of an inlined function to the one it was inlined into, but with the line they were on:
 *
 *     handler  :19 … :21        ticks on line 11, outside of its text
 *     score    :7 … :15         holds line 11            →  handler ─ score
 *
 * So a line outside the text of its function, inside the text of another function of the same file that the profile
 * knows, becomes a child of the node. Lines are only numbers: what was inlined from another file, or from a place
 * inside the function's own text, cannot be told and stays. The sum of all weights is unchanged.
 */
export function uninline(tree: CallTree, sources: SourceLines): CallTree {
  const functions = findFunctions(tree, sources);
  if (functions.size === 0) return tree;
  const moves = findMoves(tree, functions);
  if (moves.size === 0) return tree;

  const builder = new CallTreeBuilder(tree.unit);
  const rows = Int32Array.from({ length: tree.frames.length }, (_, row) =>
    builder.frameRow(frameInfo(tree, row)),
  );
  const renumbered = new Int32Array(tree.length);
  const targets = new Map<number, Target[]>();
  for (let node = 1; node < tree.length; node++) {
    const at = builder.child(renumbered[tree.parent[node]!]!, rows[tree.frame[node]!]!);
    renumbered[node] = at;
    const move = moves.get(node);
    if (move === undefined) continue;
    const inlined = [...move.shares].map(([frame, share]) => ({
      node: builder.child(at, rows[frame]!),
      share,
      debt: 0,
    }));
    const rest = 1 - inlined.reduce((sum, { share }) => sum + share, 0);
    targets.set(node, [{ node: at, share: Math.max(0, rest), debt: 0 }, ...inlined]);
  }

  const { time, node: sampled, weight } = tree.samples;
  for (let i = 0; i < time.length; i++) {
    const among = targets.get(sampled[i]!);
    builder.addSample(
      time[i]!,
      among === undefined ? renumbered[sampled[i]!]! : nextTarget(among),
      weight[i]!,
    );
  }
  if (time.length === 0)
    for (let node = 0; node < tree.length; node++) {
      const among = targets.get(node);
      if (among === undefined) builder.addSelf(renumbered[node]!, tree.self[node]!);
      else for (const target of among) builder.addSelf(target.node, tree.self[node]! * target.share);
    }
  const { lines } = tree;
  for (let i = 0; i < lines.node.length; i++) {
    const node = lines.node[i]!;
    const frame = moves.get(node)?.lines.get(lines.line[i]!);
    const to = frame === undefined ? renumbered[node]! : builder.child(renumbered[node]!, rows[frame]!);
    builder.addLine(to, lines.line[i]!, lines.weight[i]!);
  }
  return builder.finish({ from: tree.from, to: tree.to, partial: tree.partial });
}

interface Target {
  node: number;
  share: number;
  /** Samples owed to it: each sample goes whole to the one owed most, so that time ranges stay right on average. */
  debt: number;
}

function nextTarget(targets: Target[]): number {
  let best = targets[0]!;
  for (const target of targets) {
    target.debt += target.share;
    if (target.debt > best.debt) best = target;
  }
  best.debt -= 1;
  return best.node;
}

interface KnownFunction extends FunctionExtent {
  frame: number;
}

/** Functions with a known text, by file; only named ones of files whose source is at hand. */
function findFunctions(tree: CallTree, sources: SourceLines): Map<string, KnownFunction[]> {
  const byFile = new Map<string, KnownFunction[]>();
  const { frames } = tree;
  for (let frame = 0; frame < frames.length; frame++) {
    const file = frames.file[frame]!;
    const line = frames.line[frame]!;
    if (file === '' || line === 0 || PARTIES[frames.party[frame]!] === 'core') continue;
    const text = sources.lines(file);
    const extent = text === undefined ? undefined : findFunctionExtent(text, line, frames.column[frame]!);
    if (extent === undefined) continue;
    const known = byFile.get(file) ?? [];
    known.push({ ...extent, frame });
    byFile.set(file, known);
  }
  return byFile;
}

interface Move {
  /** Share of the node's weight by frame row it belongs to. */
  shares: Map<number, number>;
  /** Line → frame row. */
  lines: Map<number, number>;
}

function findMoves(tree: CallTree, functions: Map<string, KnownFunction[]>): Map<number, Move> {
  const { lines, frames } = tree;
  const totals = new Float64Array(tree.length);
  for (let i = 0; i < lines.node.length; i++) totals[lines.node[i]!]! += lines.weight[i]!;
  const extents = new Map<number, KnownFunction>();
  for (const known of functions.values()) for (const entry of known) extents.set(entry.frame, entry);

  const moves = new Map<number, Move>();
  for (let i = 0; i < lines.node.length; i++) {
    const node = lines.node[i]!;
    const line = lines.line[i]!;
    const own = extents.get(tree.frame[node]!);
    if (own === undefined || (line >= own.first && line <= own.last)) continue;
    const share = lines.weight[i]! / totals[node]!;
    const holder = innermost(functions.get(frames.file[own.frame]!) ?? [], line);
    if (holder === undefined || !(share >= LEAST_SHARE)) continue;
    const move = moves.get(node) ?? { shares: new Map(), lines: new Map() };
    move.shares.set(holder.frame, (move.shares.get(holder.frame) ?? 0) + share);
    move.lines.set(line, holder.frame);
    moves.set(node, move);
  }
  return moves;
}

/** The shortest function that holds the line. */
function innermost(functions: readonly KnownFunction[], line: number): KnownFunction | undefined {
  let best: KnownFunction | undefined;
  for (const candidate of functions) {
    if (line < candidate.first || line > candidate.last) continue;
    if (best === undefined || candidate.last - candidate.first < best.last - best.first) best = candidate;
  }
  return best;
}

function frameInfo({ frames }: CallTree, row: number): FrameInfo {
  return {
    name: frames.name[row]!,
    file: frames.file[row]!,
    line: frames.line[row]!,
    column: frames.column[row]!,
    category: CATEGORIES[frames.category[row]!]!,
    party: PARTIES[frames.party[row]!]!,
    package: frames.package[row]!,
  };
}
