import { CATEGORIES, type CallTree, PARTIES } from '../cpu/call-tree.ts';

/**
 * Whose work the weight of a tree is. The work of a function is what it does itself and what it makes builtins,
 * native code, computing parts of Node core and dependencies do; work of another user function below it is not.
 *
 *     handler ─ render ─ escape (dependency) ─ replace (native)     all charged to render
 *             └ end (node:_http_outgoing) ─ writev (native)         charged to nobody: the price of answering at all
 */
export interface ChargedWork {
  /** Charged weight by row of the frame table. */
  own: Float64Array;
  /** Function row each node's self weight is charged to; -1 = nobody. */
  owner: Int32Array;
  /** All weight but idle. */
  busy: number;
  /** Weight of V8's `(garbage collector)`. */
  gc: number;
  /** Weight on stacks with JavaScript. */
  javascript: number;
}

const USER = PARTIES.indexOf('user');
const DEPENDENCY = PARTIES.indexOf('dependency');
const CORE = PARTIES.indexOf('core');
const GC = CATEGORIES.indexOf('gc');
const IDLE = CATEGORIES.indexOf('idle');
const PROGRAM = CATEGORIES.indexOf('program');

/**
 * Parts of Node core that move data or turn the loop. Time there grows with the number of requests and messages, so
 * every busy healthy server has it; it is no function's fault.
 */
const PLUMBING =
  /^node:(_http_|http$|https$|http2$|internal\/http|net$|internal\/net|_tls_|tls$|internal\/tls|dgram$|internal\/dgram|stream$|_stream_|internal\/streams|internal\/stream_base_commons|internal\/webstreams|timers|internal\/timers|events$|internal\/process\/|internal\/async_hooks|async_hooks$|internal\/async_context|diagnostics_channel$|internal\/event_target|internal\/cluster|internal\/deps\/undici|dns$|internal\/dns|internal\/worker|internal\/console|console$|internal\/perf)/;

/** True for core modules that only carry data; see {@link ChargedWork}. */
export function isPlumbing(file: string): boolean {
  return PLUMBING.test(file);
}

/** Streams, sockets and protocol parsers: their callbacks come from outside the process. */
export function isInputOutput(file: string): boolean {
  return /^node:(_http_|http2?$|internal\/http2|net$|_tls_|internal\/stream_base_commons|internal\/streams|dgram$)/.test(
    file,
  );
}

/**
 * Charges every node of the tree, parents first. With `throughPlumbing`, time in core plumbing goes to the user too:
 * right for memory, where whoever asked for an object keeps it.
 */
export function chargeWork(tree: CallTree, throughPlumbing = false): ChargedWork {
  const { frames } = tree;
  const plumbing = Uint8Array.from(frames.file, (file) => (!throughPlumbing && isPlumbing(file) ? 1 : 0));
  const owner = new Int32Array(tree.length).fill(-1);
  const javascript = new Uint8Array(tree.length);
  const own = new Float64Array(frames.length);
  let busy = 0;
  let gc = 0;
  let inJavascript = 0;
  for (let node = 0; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    const parent = tree.parent[node]!;
    const above = parent >= 0 ? owner[parent]! : -1;
    const party = frames.party[frame]!;
    if (party === USER) owner[node] = frame;
    else if (party === DEPENDENCY) owner[node] = above >= 0 && frames.party[above] === USER ? above : frame;
    else if (party === CORE && plumbing[frame] === 1) owner[node] = -1;
    else owner[node] = above;
    const category = frames.category[frame]!;
    if (category === IDLE || (category === PROGRAM && parent <= 0)) owner[node] = -1;
    javascript[node] = party !== PARTIES.indexOf('none') || (parent >= 0 && javascript[parent] === 1) ? 1 : 0;

    const self = tree.self[node]!;
    if (category !== IDLE) busy += self;
    if (category === GC) gc += self;
    if (javascript[node] === 1) inJavascript += self;
    if (owner[node]! >= 0) own[owner[node]!]! += self;
  }
  return { own, owner, busy, gc, javascript: inJavascript };
}

/** Self weight of the nodes charged to `frame`, the rest 0: what `cpu/blame.ts` judges. */
export function weightOf(tree: CallTree, work: ChargedWork, frame: number): Float64Array {
  const weight = new Float64Array(tree.length);
  for (let node = 0; node < tree.length; node++)
    if (work.owner[node] === frame) weight[node] = tree.self[node]!;
  return weight;
}

/** Rows of the frame table by charged weight, heaviest first, at most `limit`. */
export function heaviestFunctions(work: ChargedWork, limit: number): number[] {
  const rows: number[] = [];
  for (let frame = 0; frame < work.own.length; frame++) if (work.own[frame]! > 0) rows.push(frame);
  return rows.sort((a, b) => work.own[b]! - work.own[a]! || a - b).slice(0, limit);
}
