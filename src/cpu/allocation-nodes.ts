import { JsonKeys } from '../base/json-keys.ts';
import { END, type JsonReader } from '../base/json-reader.ts';
import { FloatList, IntList } from '../base/number-list.ts';
import type { Bytes } from '../base/units.ts';
import { readCallFrame, ScriptFunctions, wholeNumber } from './script-functions.ts';

/** An object handed in can hold a cycle, which would never end. */
const NODE_LIMIT = 2 ** 24;

/** Nodes of a sampled allocation profile, parents before children; row 0 is its root. */
export class AllocationNodes {
  readonly functions: ScriptFunctions = new ScriptFunctions();
  readonly parent: IntList = new IntList();
  /** Row in `functions`. */
  readonly fn: IntList = new IntList();
  /** Bytes of the node itself. */
  readonly size: FloatList = new FloatList();

  get length(): number {
    return this.parent.length;
  }

  add(parent: number, fn: number, size: Bytes): number {
    this.parent.push(parent);
    this.fn.push(fn);
    this.size.push(soundSize(size));
    return this.length - 1;
  }
}

const NODE = new JsonKeys(['callFrame', 'selfSize', 'children']);

/**
 * Reads a `HeapProfiler.SamplingHeapProfileNode` and all below it; anything else is skipped. Answers whether the root
 * had a size, which a CPU profile of old has not. A node that the file breaks off in counts with what was read of it.
 */
export function readAllocationNodes(json: JsonReader, nodes: AllocationNodes): boolean {
  if (!json.enterObject()) return false;
  let rootHasSize = false;
  const open = new IntList();
  const begin = (parent: number): void => open.push(nodes.add(parent, nodes.functions.row(0, 0, 0, 0), 0));
  begin(-1);
  let inChildren = false;
  while (open.length > 0) {
    const row = open.values[open.length - 1]!;
    if (inChildren) {
      if (!json.nextElement()) inChildren = false;
      else if (json.enterObject()) {
        begin(row);
        inChildren = false;
      }
      continue;
    }
    const key = json.nextKey(NODE);
    if (key === END) {
      open.length--;
      inChildren = true;
    } else if (key === 0) {
      const fn = readCallFrame(json, nodes.functions);
      if (fn >= 0) nodes.fn.values[row] = fn;
    } else if (key === 1) {
      nodes.size.values[row] = soundSize(json.readNumber(0));
      if (row === 0) rootHasSize = true;
    } else if (key === 2) inChildren = json.enterArray();
    else json.skip();
  }
  return rootHasSize;
}

/** The same from an object, which the protocol hands over where there was no file. */
export function walkAllocationNodes(head: Record<string, unknown>, nodes: AllocationNodes): void {
  const { functions } = nodes;
  const stack: { node: Record<string, unknown>; parent: number }[] = [{ node: head, parent: -1 }];
  while (stack.length > 0 && nodes.length < NODE_LIMIT) {
    const { node, parent } = stack.pop()!;
    const call = (node.callFrame ?? {}) as Record<string, unknown>;
    const fn = functions.row(
      typeof call.functionName === 'string' ? functions.strings.internText(call.functionName) : 0,
      typeof call.url === 'string' ? functions.strings.internText(call.url) : 0,
      wholeNumber(call.lineNumber, -1) + 1,
      wholeNumber(call.columnNumber, -1) + 1,
    );
    const row = nodes.add(parent, fn, typeof node.selfSize === 'number' ? node.selfSize : 0);
    const { children } = node;
    if (!Array.isArray(children)) continue;
    for (let i = children.length - 1; i >= 0; i--)
      if (typeof children[i] === 'object' && children[i] !== null)
        stack.push({ node: children[i] as Record<string, unknown>, parent: row });
  }
}

/** Sums stay exact. */
function soundSize(size: number): Bytes {
  return size > 0 && size <= 2 ** 52 ? size : 0;
}
