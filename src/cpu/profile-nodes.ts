/** One node of a V8 profile as read: `parent` is a row of the same list. Line and column 1-based, 0 unknown. */
export interface RawNode {
  id: number;
  parent: number;
  name: string;
  url: string;
  line: number;
  column: number;
  hitCount: number;
  /** Line ticks; line 1-based in the generated script. */
  ticks: { line: number; ticks: number }[] | undefined;
}

/**
 * The nodes of a profile with every parent before its children; row 0 is the root. Parents come from `children`
 * (Node) or `parent` (Chrome's traces), in any order of ids. Nodes that no path leads to, second roots and cycles of
 * a damaged file are hung under the root and noted. Empty when nothing in the list is a node.
 */
export function readProfileNodes(list: readonly unknown[], notes: string[]): RawNode[] {
  const given: Given[] = [];
  const indexOf = new Map<number, number>();
  for (const entry of list) {
    const node = readNode(entry);
    if (node === undefined || indexOf.has(node.raw.id)) continue;
    indexOf.set(node.raw.id, given.length);
    given.push(node);
  }
  if (given.length === 0) return [];
  const parentOf = findParents(given, indexOf);
  const rootIndex = given.findIndex((node, index) => parentOf[index] === -1 && node.raw.name === '(root)');

  // First child and next sibling, filled backwards so that siblings keep the order of the file.
  const firstChild = new Int32Array(given.length).fill(-1);
  const nextSibling = new Int32Array(given.length).fill(-1);
  for (let index = given.length - 1; index >= 0; index--) {
    const parent = parentOf[index]!;
    if (parent < 0) continue;
    nextSibling[index] = firstChild[parent]!;
    firstChild[parent] = index;
  }

  const rows: RawNode[] = [];
  const rowOf = new Int32Array(given.length).fill(-1);
  const walk = (start: number, parentRow: number): void => {
    const stack = [start];
    while (stack.length > 0) {
      const index = stack.pop()!;
      if (rowOf[index] !== -1) continue;
      const raw = given[index]!.raw;
      raw.parent = index === start ? parentRow : rowOf[parentOf[index]!]!;
      rowOf[index] = rows.length;
      rows.push(raw);
      const children: number[] = [];
      for (let child = firstChild[index]!; child >= 0; child = nextSibling[child]!) children.push(child);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
    }
  };
  if (rootIndex >= 0) walk(rootIndex, -1);
  else rows.push(emptyRoot());
  let loose = 0;
  for (const wanted of [-1, undefined]) {
    // Second roots with their whole trees first, then whatever hangs in a cycle.
    for (let index = 0; index < given.length; index++) {
      if (rowOf[index] !== -1 || (wanted !== undefined && parentOf[index] !== wanted)) continue;
      loose++;
      walk(index, 0);
    }
  }
  if (rootIndex >= 0 && loose > 0) notes.push(`${loose} call-tree nodes had no parent in the file`);
  return rows;
}

interface Given {
  raw: RawNode;
  children: unknown[] | undefined;
  parentId: unknown;
}

function findParents(given: readonly Given[], indexOf: ReadonlyMap<number, number>): Int32Array {
  const parentOf = new Int32Array(given.length).fill(-1);
  for (const [index, node] of given.entries()) {
    const parent = indexOf.get(node.parentId as number);
    if (parent !== undefined && parent !== index) parentOf[index] = parent;
    for (const id of node.children ?? []) {
      const child = indexOf.get(id as number);
      if (child !== undefined && child !== index && parentOf[child] === -1) parentOf[child] = index;
    }
  }
  return parentOf;
}

function emptyRoot(): RawNode {
  return {
    id: Number.NaN,
    parent: -1,
    name: '(root)',
    url: '',
    line: 0,
    column: 0,
    hitCount: 0,
    ticks: undefined,
  };
}

function readNode(entry: unknown): Given | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const node = entry as Record<string, unknown>;
  if (typeof node.id !== 'number' || typeof node.callFrame !== 'object' || node.callFrame === null)
    return undefined;
  const call = readCallFrame(node.callFrame as Record<string, unknown>);
  return {
    raw: {
      id: node.id,
      parent: -1,
      ...call,
      hitCount: count(node.hitCount),
      ticks: readTicks(node.positionTicks),
    },
    children: Array.isArray(node.children) ? node.children : undefined,
    parentId: node.parent,
  };
}

/** A `Runtime.CallFrame`: 0-based there, −1 = unknown; 1-based here, 0 = unknown. */
export function readCallFrame(call: Record<string, unknown>): {
  name: string;
  url: string;
  line: number;
  column: number;
} {
  return {
    name: typeof call.functionName === 'string' ? call.functionName : '',
    url: typeof call.url === 'string' ? call.url : '',
    line: count(call.lineNumber, -1) + 1,
    column: count(call.columnNumber, -1) + 1,
  };
}

function readTicks(value: unknown): RawNode['ticks'] {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const ticks: { line: number; ticks: number }[] = [];
  for (const entry of value as unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue;
    const { line, ticks: hits } = entry as { line?: unknown; ticks?: unknown };
    if (count(line) > 0 && count(hits) > 0) ticks.push({ line: count(line), ticks: count(hits) });
  }
  return ticks.length === 0 ? undefined : ticks;
}

/** A number that fits an Int32Array, else `otherwise`. */
function count(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && value >= 0 && value < 0x7fffffff ? Math.trunc(value) : otherwise;
}
