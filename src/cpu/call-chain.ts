import type { Share } from '../base/units.ts';
import { ANONYMOUS, callLineFromSource, callLineFromStacks, functionPosition } from './call-line.ts';
import { type BlockStack, CATEGORIES, type CallTree, PARTIES, type Party } from './call-tree.ts';
import { findFunctionExtent, type SourceLines } from './function-source.ts';

/** A place in the code; line and column 1-based, 0 unknown. */
export interface BlamedPlace {
  function: string;
  file: string;
  line: number;
  column: number;
  /** 0–1 of the weight that was judged; null when not counted. */
  share: Share | null;
  /** npm package, '' for the user's own code, `node` for core. */
  package: string;
}

/** What is at hand beside the profile. */
export interface BlameOptions {
  sources: SourceLines;
  /** Exact positions of frames, read in interrupts: they give the call lines that a profile does not have. */
  stacks?: readonly BlockStack[];
  /** What the blamed function must hold of the weight (default 0.75). */
  minimumShare?: Share;
}

const CORE = PARTIES.indexOf('core');
const PLACE_LIMIT = 8;

/** A frame of a call chain, innermost first in arrays. */
export interface PathFrame {
  function: string;
  file: string;
  /** First line of the function. */
  line: number;
  column: number;
  party: Party;
  package: string;
  native?: boolean;
  /** Line of the call inside this function, when known. */
  callLine?: number;
  callColumn?: number;
}

/** Frames from `node` to the root, innermost first. Recursion is shown once. */
export function framesOutward(tree: CallTree, node: number): PathFrame[] {
  const { frames } = tree;
  const path: PathFrame[] = [];
  const seen = new Set<number>();
  for (let each = node; each > 0; each = tree.parent[each]!) {
    const frame = tree.frame[each]!;
    if (seen.has(frame)) continue;
    seen.add(frame);
    path.push({
      function: frames.name[frame]!,
      file: frames.file[frame]!,
      line: frames.line[frame]!,
      column: frames.column[frame]!,
      party: PARTIES[frames.party[frame]!]!,
      package: frames.package[frame]!,
      native: CATEGORIES[frames.category[frame]!] === 'native',
    });
  }
  return path;
}

/**
 * Name for the innermost frame of `path`. A callback without a name that an iterator runs (`sort`, `map`, `replace`,
 * lodash) says nothing; the named function it is written in does, if that is still on the stack. `depth` = how many
 * frames of the path the name covers.
 */
export function nameAround(
  path: readonly PathFrame[],
  sources: SourceLines,
): { name: string; line: number; depth: number } {
  const blamed = path[0]!;
  const own = { name: blamed.function || ANONYMOUS, line: blamed.line, depth: 1 };
  if (!isAnonymous(blamed.function)) return own;
  const lines = sources.lines(blamed.file);
  for (let depth = 1; depth < path.length; depth++) {
    const around = path[depth]!;
    if (around.file === blamed.file) {
      const extent = lines && findFunctionExtent(lines, around.line, around.column);
      // Without the text, only a direct caller (builtins leave no frame) is taken for the surrounding function.
      const encloses =
        extent === undefined
          ? depth === 1 && around.line <= blamed.line
          : extent.first <= blamed.line && blamed.line <= extent.last;
      if (!encloses) return own;
      if (!isAnonymous(around.function))
        return { name: around.function, line: around.line, depth: depth + 1 };
    } else if (around.party === 'user') {
      return own;
    }
  }
  return own;
}

function isAnonymous(name: string): boolean {
  return name === '' || name === ANONYMOUS || name === 'anonymous';
}

/** User callers outward; of each run of dependency frames only the one the user's code called. */
export function callersOutward(
  path: readonly PathFrame[],
  from: number,
  options: BlameOptions,
): BlamedPlace[] {
  const places: BlamedPlace[] = [];
  let lastPackage = '';
  for (let at = from; at < path.length && places.length < PLACE_LIMIT - 1; at++) {
    const frame = path[at]!;
    if (frame.party === 'dependency') {
      // Runs of one package say the same thing many times.
      if (frame.package === lastPackage) continue;
      lastPackage = frame.package;
    } else if (frame.party === 'user') {
      lastPackage = '';
    } else {
      continue;
    }
    places.push(callerPlace(frame, path[at - 1], options));
  }
  return places;
}

function callerPlace(frame: PathFrame, inner: PathFrame | undefined, options: BlameOptions): BlamedPlace {
  let line = frame.callLine ?? 0;
  let column = frame.callColumn ?? 0;
  if (line === 0) {
    const stacks = options.stacks ?? [];
    const position = functionPosition(frame.function, frame.file, frame.line, frame.column);
    const exact =
      (inner && callLineFromStacks(position, stacks, options.sources, inner)) ??
      callLineFromStacks(position, stacks, options.sources, undefined);
    const written = inner && callLineFromSource(options.sources, position, [inner.function]);
    line = exact?.line ?? written ?? frame.line;
    column = exact?.column ?? (line === frame.line ? frame.column : 0);
  }
  return {
    function: frame.function || ANONYMOUS,
    file: frame.file,
    line,
    column,
    share: null,
    package: packageOf(PARTIES.indexOf(frame.party), frame.package),
  };
}

/** Package as reports write it: `node` for core, '' for the user's own code. */
export function packageOf(party: number, name: string): string {
  return party === CORE ? 'node' : name;
}
