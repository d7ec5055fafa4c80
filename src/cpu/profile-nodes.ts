import { JsonKeys } from '../base/json-keys.ts';
import { END, type JsonReader } from '../base/json-reader.ts';
import { IntList } from '../base/number-list.ts';
import { readCallFrame, ScriptFunctions, wholeNumber } from './script-functions.ts';

/** `parentId` of a node whose parent is named by `children`, or by nothing. */
const NONE = -1;

/** Nodes of a V8 profile as the file has them, one row each, in its order. */
export class ProfileNodes {
  readonly functions: ScriptFunctions;
  readonly id: IntList = new IntList();
  readonly parentId: IntList = new IntList();
  /** Row in `functions`. */
  readonly fn: IntList = new IntList();
  readonly hits: IntList = new IntList();
  /** Ids below row i: `childId` from `childEnd[i − 1]` to `childEnd[i]`. */
  readonly childId: IntList = new IntList();
  readonly childEnd: IntList = new IntList();
  /** Line ticks: row of the node, line (1-based, in the generated script), how many. */
  readonly tickNode: IntList = new IntList();
  readonly tickLine: IntList = new IntList();
  readonly ticks: IntList = new IntList();
  /** Ids that are no small whole numbers, by the one they stand under here: −2, −3, … */
  readonly #otherIds = new Map<number, number>();
  /** List entries that had something of a node in them. */
  begun = 0;

  /** @param functions shared where several profiles come from one file */
  constructor(functions: ScriptFunctions = new ScriptFunctions()) {
    this.functions = functions;
  }

  get length(): number {
    return this.id.length;
  }

  /** The id a number in the file stands for; NONE for NaN. */
  idOf(value: number): number {
    const small = value | 0;
    if (small === value && small >= 0) return small;
    if (Number.isNaN(value)) return NONE;
    const known = this.#otherIds.get(value);
    if (known !== undefined) return known;
    const id = -2 - this.#otherIds.size;
    // A Map holds at most 2^24 entries.
    if (this.#otherIds.size >= 2 ** 23) return NONE;
    this.#otherIds.set(value, id);
    return id;
  }
}

const NODE = new JsonKeys(['id', 'callFrame', 'hitCount', 'children', 'positionTicks', 'parent']);
const TICK = new JsonKeys(['line', 'ticks']);

/** Reads a `Profiler.ProfileNode[]`; entries without an id and a call frame are left out. False when it is no array. */
export function readProfileNodes(json: JsonReader, nodes: ProfileNodes): boolean {
  if (!json.enterArray()) return false;
  const batch = new Float64Array(64);
  while (json.nextElement()) if (json.enterObject()) readNode(json, nodes, batch);
  return true;
}

function readNode(json: JsonReader, nodes: ProfileNodes, batch: Float64Array): void {
  const row = nodes.length;
  const children = nodes.childId.length;
  const ticks = nodes.ticks.length;
  let id = Number.NaN;
  let parent = Number.NaN;
  let fn = -1;
  let hits = 0;
  for (;;) {
    const key = json.nextKey(NODE);
    if (key === END) break;
    if (key === 0) id = json.readNumber(Number.NaN);
    else if (key === 1) fn = readCallFrame(json, nodes.functions);
    else if (key === 2) hits = wholeNumber(json.readNumber(0));
    else if (key === 3) readChildren(json, nodes, batch);
    else if (key === 4) readTicks(json, nodes, row);
    else if (key === 5) parent = json.readNumber(Number.NaN);
    else json.skip();
  }
  if (!Number.isNaN(id)) nodes.begun++;
  if (Number.isNaN(id) || fn < 0) {
    nodes.childId.length = children;
    for (const column of [nodes.tickNode, nodes.tickLine, nodes.ticks]) column.length = ticks;
    return;
  }
  nodes.id.push(nodes.idOf(id));
  nodes.parentId.push(nodes.idOf(parent));
  nodes.fn.push(fn);
  nodes.hits.push(hits);
  nodes.childEnd.push(nodes.childId.length);
}

function readChildren(json: JsonReader, nodes: ProfileNodes, batch: Float64Array): void {
  if (!json.enterArray()) return;
  for (let count = json.readNumbers(batch); count > 0; count = json.readNumbers(batch))
    for (let i = 0; i < count; i++) nodes.childId.push(nodes.idOf(batch[i]!));
}

function readTicks(json: JsonReader, nodes: ProfileNodes, row: number): void {
  if (!json.enterArray()) return;
  while (json.nextElement()) {
    if (!json.enterObject()) continue;
    let line = 0;
    let ticks = 0;
    for (;;) {
      const key = json.nextKey(TICK);
      if (key === END) break;
      if (key === 0) line = wholeNumber(json.readNumber(0));
      else if (key === 1) ticks = wholeNumber(json.readNumber(0));
      else json.skip();
    }
    if (line === 0 || ticks === 0) continue;
    nodes.tickNode.push(row);
    nodes.tickLine.push(line);
    nodes.ticks.push(ticks);
  }
}

/** Finds rows by id: ids of V8 count up from 1, those of other tools may be anything. */
export class IdIndex {
  readonly #dense: Int32Array | undefined;
  readonly #sparse = new Map<number, number>();

  /** Of several rows with one id the first counts. */
  constructor(ids: Int32Array, length: number) {
    let largest = 0;
    let dense = true;
    for (let row = 0; row < length; row++) {
      largest = Math.max(largest, ids[row]!);
      if (ids[row]! < 0) dense = false;
    }
    if (dense && largest < 4 * length + 1024) {
      this.#dense = new Int32Array(largest + 1).fill(-1);
      for (let row = length - 1; row >= 0; row--) this.#dense[ids[row]!] = row;
    } else {
      // A Map holds at most 2^24 entries.
      for (let row = Math.min(length, 2 ** 23) - 1; row >= 0; row--) this.#sparse.set(ids[row]!, row);
    }
  }

  /** −1 when there is none. */
  rowOf(id: number): number {
    if (this.#dense === undefined) return this.#sparse.get(id) ?? -1;
    return id >= 0 && id < this.#dense.length ? this.#dense[id]! : -1;
  }
}

/** The rows of a profile in the order of a walk: every parent before its children. */
export interface NodeOrder {
  /** Row by place; place 0 is the root, −1 when the file has none. */
  row: Int32Array;
  /** Place of the parent by place; −1 for the root. */
  parent: Int32Array;
  length: number;
}

/**
 * Orders the nodes of a profile. Parents come from `children` (Node) or `parent` (Chrome's traces), in any order of ids.
 * Nodes that no path leads to, second roots and cycles of a damaged file are hung under the root and noted; a second
 * node with a known id is left out.
 */
export function orderNodes(nodes: ProfileNodes, ids: IdIndex, notes: string[]): NodeOrder {
  const { length } = nodes;
  const parentOf = findParents(nodes, ids);
  const { fn, id } = nodes;
  const isTwin = (row: number): boolean => ids.rowOf(id.values[row]!) !== row;
  let root = 0;
  while (
    root < length &&
    (parentOf[root] !== -1 || nodes.functions.nameOf(fn.values[root]!) !== '(root)' || isTwin(root))
  )
    root++;

  if (root === 0 && isInOrder(nodes, ids, parentOf)) {
    const row = new Int32Array(length);
    for (let place = 0; place < length; place++) row[place] = place;
    return { row, parent: parentOf, length };
  }

  // The last child and the sibling before: pushed in that order, siblings come off the stack in the file's order.
  const lastChild = new Int32Array(length).fill(-1);
  const previous = new Int32Array(length).fill(-1);
  for (let row = 0; row < length; row++) {
    const parent = parentOf[row]!;
    if (parent < 0 || isTwin(row)) continue;
    previous[row] = lastChild[parent]!;
    lastChild[parent] = row;
  }

  const order: NodeOrder = { row: new Int32Array(length + 1), parent: new Int32Array(length + 1), length: 0 };
  const placeOf = new Int32Array(length).fill(-1);
  const stack = new IntList();
  const walk = (start: number, parentPlace: number): void => {
    stack.push(start);
    while (stack.length > 0) {
      const row = stack.values[--stack.length]!;
      if (placeOf[row] !== -1) continue;
      order.parent[order.length] = row === start ? parentPlace : placeOf[parentOf[row]!]!;
      order.row[order.length] = row;
      placeOf[row] = order.length++;
      for (let child = lastChild[row]!; child >= 0; child = previous[child]!) stack.push(child);
    }
  };
  if (root < length) walk(root, -1);
  else {
    order.row[0] = -1;
    order.parent[0] = -1;
    order.length = 1;
  }
  let loose = 0;
  // Second roots with their whole trees first, then whatever hangs in a cycle.
  for (const onlyRoots of [true, false])
    for (let row = 0; row < length; row++) {
      if (placeOf[row] !== -1 || (onlyRoots && parentOf[row] !== -1) || isTwin(row)) continue;
      loose++;
      walk(row, 0);
    }
  if (root < length && loose > 0) notes.push(`${loose} call-tree nodes had no parent in the file`);
  return order;
}

/** True for what V8 writes: one root, at the beginning, and every other node behind its parent. */
function isInOrder(nodes: ProfileNodes, ids: IdIndex, parentOf: Int32Array): boolean {
  const id = nodes.id.values;
  for (let row = 1; row < nodes.length; row++) {
    const parent = parentOf[row]!;
    if (parent < 0 || parent >= row || ids.rowOf(id[row]!) !== row) return false;
  }
  return true;
}

function findParents(nodes: ProfileNodes, ids: IdIndex): Int32Array {
  const { length, parentId, childId, childEnd } = nodes;
  const parentOf = new Int32Array(length).fill(-1);
  let from = 0;
  for (let row = 0; row < length; row++) {
    const parent = parentId.values[row] === NONE ? -1 : ids.rowOf(parentId.values[row]!);
    if (parent !== -1 && parent !== row) parentOf[row] = parent;
    const to = childEnd.values[row]!;
    for (; from < to; from++) {
      const child = ids.rowOf(childId.values[from]!);
      if (child !== -1 && child !== row && parentOf[child] === -1) parentOf[child] = row;
    }
  }
  return parentOf;
}
