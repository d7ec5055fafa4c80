import { CATEGORIES, type CallTree } from './call-tree.ts';

/** GC that starts this long after the last stack was seen is not that stack's doing. */
const LONGEST_GAP_US = 20_000;

/**
 * GC weight per node that was running when the collection began. V8 hangs `(garbage collector)` under the root and
 * drops the stack; the sample just before it is the allocating stack in most cases, since allocation is what starts a
 * collection. `(program)` samples in between are looked through. Weight of collections in idle time or with no stack
 * before them stays on the `(garbage collector)` node itself, so the sum is always the whole GC time.
 */
export function attributeGc(tree: CallTree): Float64Array {
  const weights = new Float64Array(tree.length);
  const gc = CATEGORIES.indexOf('gc');
  const idle = CATEGORIES.indexOf('idle');
  const program = CATEGORIES.indexOf('program');
  const { node, weight } = tree.samples;
  /** Node seen last, −1 when the loop was idle since. */
  let caller = -1;
  let gapUs = 0;
  for (let i = 0; i < node.length; i++) {
    const at = node[i]!;
    const category = tree.frames.category[tree.frame[at]!]!;
    if (category === gc) {
      const parent = tree.parent[at]!;
      // Readers other than V8's may give GC a stack of its own.
      const own = parent > 0 ? parent : -1;
      const blamed = own >= 0 ? own : gapUs <= LONGEST_GAP_US ? caller : -1;
      weights[blamed >= 0 ? blamed : at]! += weight[i]!;
    } else if (category === idle) caller = -1;
    else if (category === program) gapUs += weight[i]!;
    else {
      caller = at;
      gapUs = 0;
    }
  }
  return weights;
}
