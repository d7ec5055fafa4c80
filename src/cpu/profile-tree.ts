import type { FloatList, IntList } from '../base/number-list.ts';
import type { Microseconds } from '../base/units.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import type { ReadProfileOptions } from './profile-file.ts';
import { IdIndex, type NodeOrder, orderNodes, type ProfileNodes } from './profile-nodes.ts';
import { addTimes } from './profile-times.ts';
import { OF_HOLTER, OF_USER, ScriptFrames } from './script-frames.ts';

/** A V8 CPU profile as read, before it is put together. Both lists are used up by that. */
export interface RawProfile {
  nodes: ProfileNodes;
  /** Node ids, as ProfileNodes.idOf gives them. */
  samples: IntList;
  /** Time before each sample; NaN where the file has no number. */
  deltas: FloatList;
  /** CLOCK_MONOTONIC; NaN unknown. */
  startTime: Microseconds;
  endTime: Microseconds;
  /** Of the deltas that are times and not negative. */
  sum: Microseconds;
}

/**
 * Puts a profile together. Functions are merged after source maps, holter's own frames (`holter:` scripts) count as
 * `(program)`. What does not fit goes to `notes`, and all notes to the tree's `partial`.
 */
export function buildProfileTree(raw: RawProfile, options: ReadProfileOptions, notes: string[]): CallTree {
  const builder = new CallTreeBuilder('microseconds');
  const { nodes } = raw;
  const ids = new IdIndex(nodes.id.values, nodes.length);
  builder.reserve(nodes.length, nodes.ticks.length);
  const frames = new ScriptFrames(builder, nodes.functions, options);
  const { nodeOf, inHolter } = growTree(builder, nodes, orderNodes(nodes, ids, notes), frames);
  const span = addTimes(builder, raw, ids, nodeOf, options.startedMonotonicUs, notes);
  addLines(builder, nodes, nodeOf, inHolter, frames);
  return builder.finish({ ...span, partial: notes.length === 0 ? undefined : notes.join('; ') });
}

/** Makes builder nodes for all profile nodes, parents first. `nodeOf[row]` is the builder node that takes the row's time. */
function growTree(
  builder: CallTreeBuilder,
  nodes: ProfileNodes,
  order: NodeOrder,
  frames: ScriptFrames,
): { nodeOf: Int32Array; inHolter: Uint8Array } {
  const nodeOf = new Int32Array(nodes.length);
  const inHolter = new Uint8Array(nodes.length);
  const fnAt = new Int32Array(order.length - 1);
  for (let place = 1; place < order.length; place++) fnAt[place - 1] = nodes.fn.values[order.row[place]!]!;
  frames.look(fnAt);
  const { facts, row: frameOf } = frames;
  /** By place: where children hang. Differs from `nodeOf` only inside holter's own code. */
  const anchor = new Int32Array(order.length);
  const belowHolter = new Uint8Array(order.length);
  const belowUser = new Uint8Array(order.length);
  for (let place = 1; place < order.length; place++) {
    const row = order.row[place]!;
    const parent = order.parent[place]!;
    const fn = fnAt[place - 1]!;
    const ofUser = facts[fn]! & OF_USER;
    belowUser[place] = belowUser[parent]! | ofUser;
    // Core and native functions that our timers call work for us. Where our wrapper stands between the user's code and
    // a function (a wrapped Buffer.alloc, a wrapped listener), both sides of it stay the user's.
    if ((facts[fn]! & OF_HOLTER) !== 0 || (belowHolter[parent] === 1 && ofUser === 0)) {
      nodeOf[row] = builder.programNode();
      anchor[place] = anchor[parent]!;
      if (belowUser[parent] === 0) {
        belowHolter[place] = 1;
        inHolter[row] = 1;
      }
      continue;
    }
    const made = builder.child(anchor[parent]!, frameOf[fn]!);
    anchor[place] = made;
    nodeOf[row] = made;
  }
  return { nodeOf, inHolter };
}

/** Line ticks as weight: each node's self time shared out by the ticks of all profile nodes merged into it. */
function addLines(
  builder: CallTreeBuilder,
  nodes: ProfileNodes,
  nodeOf: Int32Array,
  inHolter: Uint8Array,
  frames: ScriptFrames,
): void {
  const { tickNode, tickLine, ticks } = nodes;
  const ticksOf = new Float64Array(builder.length);
  for (let i = 0; i < ticks.length; i++) ticksOf[nodeOf[tickNode.values[i]!]!]! += ticks.values[i]!;
  for (let i = 0; i < ticks.length; i++) {
    const row = tickNode.values[i]!;
    if (inHolter[row] === 1) continue;
    const node = nodeOf[row]!;
    const line = frames.lineOf(nodes.fn.values[row]!, tickLine.values[i]!);
    if (line > 0) builder.addLine(node, line, ticks.values[i]! * (builder.selfOf(node) / ticksOf[node]!));
  }
}
