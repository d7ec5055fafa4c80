import { formatNumber } from '../base/quantity.ts';
import type { Bytes } from '../base/units.ts';
import { classNameOf } from '../heap/class-name.ts';
import type { Heap } from '../heap/heap.ts';
import { boxName, edgeNames, roomOfNode } from './heap-page-names.ts';
import { PAGE_ROOMS, type PageProfile } from './page-data.ts';

/** The dominator tree as boxes for the page, and what each box is. Columns are by node of the profile. */
export interface HeapMap {
  profile: PageProfile;
  /** V8's id of the object, 0 for a group. */
  id: Float64Array;
  /** Objects directly in the box. */
  count: Float64Array;
}

export interface HeapMapOptions {
  /** Of the heap, 0…1: objects that retain less are grouped by class. */
  single?: number;
  /** Groups below this are added up in one box. */
  group?: number;
  /** Boxes at most. */
  boxes?: number;
}

const SINGLE = 0.001;
const GROUP = 0.0003;
const MOST_BOXES = 20_000;
/** Rows of the picture: deeper ones are not read by anybody. */
const DEEPEST = 60;
/** Objects looked at in all: a bound for heaps of tens of millions, reached only by groups that are millions large. */
const MOST_VISITS = 8_000_000;
/** A list of so many objects of one class, each dominating the next, is one box. */
const SHORTEST_CHAIN = 12;
/** More objects of one class in one box are grouped unless they are ten times as large as others have to be. */
const CROWD = 20;
/** Part of the weight that goes on to the next of a chain. */
const CHAIN_SHARE = 0.9;
const IDLE = PAGE_ROOMS.indexOf('idle');

interface Box {
  members: Uint32Array;
  /** Each member dominates the next one, which is in this box, not in one below. */
  chain: boolean;
  total: Bytes;
  depth: number;
}

/**
 * Objects that keep a thousandth of the heap alive are boxes of their own, the others below the same box are grouped by
 * class (and what these keep is grouped again), what is too small to be seen is added up. Objects without bytes of their
 * own (tables of Maps, elements of arrays: their bytes are their owner's) are passed through. Exact: the bytes of a box
 * and of all below it are what its objects retain.
 */
export function buildHeapMap(heap: Heap, options: HeapMapOptions = {}): HeapMap {
  const { graph, snapshot } = heap;
  const { single = SINGLE, group = GROUP, boxes: mostBoxes = MOST_BOXES } = options;
  const whole = snapshot.nodeCount === 0 ? 0 : graph.retained.get(0);
  const out = new MapColumns();
  const queue = new LargestFirst();
  const found = new Found();
  let visits = 0;

  const add = (parent: number, members: Uint32Array, chain: boolean, total: Bytes, name: string): void => {
    const first = members[0]!;
    let own = 0;
    for (const member of members) own += graph.shallow.get(member);
    const at = out.add(parent, name, roomOfNode(snapshot, first), own, members.length);
    if (members.length === 1) out.id[at] = snapshot.nodeId[first]!;
    const depth = parent < 0 ? 0 : out.depth[parent]! + 1;
    out.depth[at] = depth;
    if (total > own) queue.push(at, { members, chain, total, depth });
  };
  const addRest = (parent: number, count: number, bytes: Bytes): void => {
    if (bytes <= 0) return;
    const at = out.add(
      parent,
      `… ${formatNumber(count)} ${count === 1 ? 'object' : 'objects'}`,
      IDLE,
      bytes,
      count,
    );
    out.depth[at] = out.depth[parent]! + 1;
  };

  if (snapshot.nodeCount > 0) add(-1, Uint32Array.of(0), false, whole, 'heap');
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { at, box } = next;
    if (
      box.depth >= DEEPEST ||
      out.length >= mostBoxes ||
      visits >= MOST_VISITS ||
      box.total < whole * group
    ) {
      let own = 0;
      let below = 0;
      for (const member of box.members) {
        own += graph.shallow.get(member);
        below += graph.subtree[graph.rank[member]!]! - 1;
      }
      // The members of a chain are below its first.
      if (box.chain) below = graph.subtree[graph.rank[box.members[0]!]!]! - box.members.length;
      addRest(at, below, box.total - own);
      continue;
    }
    found.reset();
    for (let i = 0; i < box.members.length; i++)
      visits += collectChildren(heap, box.members[i]!, box.chain ? (box.members[i + 1] ?? -1) : -1, found);
    const { singles, groups } = found.sort(heap, whole * single);
    const names = box.members.length === 1 ? edgeNames(snapshot, box.members[0]!, singles) : undefined;
    for (const node of singles) {
      const total = graph.retained.get(node);
      const chain = chainFrom(heap, node, total);
      visits += chain?.length ?? 0;
      if (chain !== undefined)
        add(at, chain, true, total, `${classNameOf(heap, node)} × ${formatNumber(chain.length)} in a chain`);
      else add(at, Uint32Array.of(node), false, total, boxName(heap, node, names?.get(node)));
    }
    let restCount = 0;
    let restBytes = 0;
    for (const { members, bytes } of groups) {
      if (bytes < whole * group || out.length >= mostBoxes) {
        restCount += members.length;
        restBytes += bytes;
      } else if (members.length === 1)
        add(at, members, false, bytes, boxName(heap, members[0]!, names?.get(members[0]!)));
      else
        add(at, members, false, bytes, `${classNameOf(heap, members[0]!)} × ${formatNumber(members.length)}`);
    }
    addRest(at, restCount, restBytes);
  }
  if (snapshot.extraNativeBytes > 0 && out.length > 0)
    out.depth[out.add(0, 'outside of the heap', PAGE_ROOMS.indexOf('native'), snapshot.extraNativeBytes, 0)] =
      1;
  return out.finish();
}

/** Objects directly below `node` in the dominator tree, those without own bytes replaced by what is below them. */
function collectChildren(heap: Heap, node: number, except: number, found: Found): number {
  const { rank, subtree, preorder, shallow } = heap.graph;
  const first = rank[node]!;
  const end = first + subtree[first]!;
  let visits = 0;
  for (let at = first + 1; at < end; ) {
    const child = preorder[at]!;
    visits++;
    if (child === except) at += subtree[at]!;
    else if (shallow.low[child] === 0) at++;
    else {
      found.push(child);
      at += subtree[at]!;
    }
  }
  return visits;
}

/** Objects of one class of which each keeps nearly all of its bytes alive through the next: a linked list. */
function chainFrom(heap: Heap, node: number, total: Bytes): Uint32Array | undefined {
  const { rank, subtree, preorder, retained } = heap.graph;
  const kind = heap.classes.of[node]!;
  let chain = new Uint32Array(64);
  let length = 0;
  const least = total * (1 - CHAIN_SHARE);
  for (let at = node, left = total; ; ) {
    if (length === chain.length) {
      const wider = new Uint32Array(length * 2);
      wider.set(chain);
      chain = wider;
    }
    chain[length++] = at;
    const first = rank[at]!;
    const end = first + subtree[first]!;
    let next = -1;
    let looked = 0;
    for (let r = first + 1; r < end && looked < 32; r += subtree[r]!, looked++) {
      const child = preorder[r]!;
      if (heap.classes.of[child] === kind && retained.get(child) >= left * CHAIN_SHARE) {
        next = child;
        break;
      }
    }
    if (next < 0 || retained.get(next) < least) break;
    at = next;
    left = retained.get(next);
  }
  return length >= SHORTEST_CHAIN ? chain.slice(0, length) : undefined;
}

interface Group {
  members: Uint32Array;
  bytes: Bytes;
}

/** Children of one box, collected and then sorted by class; its columns are used again for the next box. */
class Found {
  private nodes: Uint32Array = new Uint32Array(1024);
  private length = 0;

  reset(): void {
    this.length = 0;
  }

  push(node: number): void {
    if (this.length === this.nodes.length) {
      const wider = new Uint32Array(this.length * 2);
      wider.set(this.nodes);
      this.nodes = wider;
    }
    this.nodes[this.length++] = node;
  }

  /** Those that retain `limit` and more, largest first, and the others by class, largest first. */
  sort(heap: Heap, limit: Bytes): { singles: number[]; groups: Group[] } {
    const { retained } = heap.graph;
    const { of, count: classCount } = heap.classes;
    const singles: number[] = [];
    // Dozens of objects of one class say no more than their group does, unless they are large.
    const crowd = new Map<number, number>();
    for (let i = 0; i < this.length; i++) {
      const node = this.nodes[i]!;
      if (retained.get(node) >= limit) crowd.set(of[node]!, (crowd.get(of[node]!) ?? 0) + 1);
    }
    const groupOf = new Map<number, number>();
    const counts: number[] = [];
    const bytes: number[] = [];
    const group = new Uint32Array(this.length);
    for (let i = 0; i < this.length; i++) {
      const node = this.nodes[i]!;
      const size = retained.get(node);
      if (size >= limit * ((crowd.get(of[node]!) ?? 0) > CROWD ? 10 : 1)) {
        singles.push(node);
        group[i] = 0;
        continue;
      }
      // Nodes of no class go by their type.
      const kind = of[node]! < classCount ? of[node]! : classCount + heap.snapshot.nodeType[node]!;
      let at = groupOf.get(kind);
      if (at === undefined) {
        at = counts.length;
        groupOf.set(kind, at);
        counts.push(0);
        bytes.push(0);
      }
      counts[at]!++;
      bytes[at]! += size;
      group[i] = at + 1;
    }
    const groups = counts.map((count, at): Group => ({ members: new Uint32Array(count), bytes: bytes[at]! }));
    const filled = new Uint32Array(groups.length);
    for (let i = 0; i < this.length; i++) {
      const at = group[i]! - 1;
      if (at >= 0) groups[at]!.members[filled[at]!++] = this.nodes[i]!;
    }
    singles.sort((a, b) => retained.get(b) - retained.get(a) || a - b);
    groups.sort((a, b) => b.bytes - a.bytes);
    return { singles, groups };
  }
}

/** Boxes that wait to be taken apart, the one with most bytes first: a binary heap. */
class LargestFirst {
  private readonly items: { at: number; box: Box }[] = [];

  push(at: number, box: Box): void {
    const { items } = this;
    let i = items.length;
    items.push({ at, box });
    while (i > 0) {
      const above = (i - 1) >> 1;
      if (items[above]!.box.total >= box.total) break;
      items[i] = items[above]!;
      i = above;
    }
    items[i] = { at, box };
  }

  pop(): { at: number; box: Box } | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let below = 2 * i + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && items[below + 1]!.box.total > items[below]!.box.total) below++;
      if (items[below]!.box.total <= last.box.total) break;
      items[i] = items[below]!;
      i = below;
    }
    items[i] = last;
    return top;
  }
}

/** Grows with the boxes, some ten thousand at most. */
class MapColumns {
  readonly depth: number[] = [];
  readonly id: number[] = [];
  private readonly name: string[] = [];
  private readonly room: number[] = [];
  private readonly parent: number[] = [];
  private readonly self: number[] = [];
  private readonly count: number[] = [];

  get length(): number {
    return this.parent.length;
  }

  add(parent: number, name: string, room: number, self: Bytes, count: number): number {
    this.parent.push(parent);
    this.name.push(name);
    this.room.push(room);
    this.self.push(self);
    this.count.push(count);
    this.id.push(0);
    this.depth.push(0);
    return this.parent.length - 1;
  }

  finish(): HeapMap {
    const n = this.length;
    return {
      profile: {
        thread: 'heap',
        unit: 'bytes',
        from: 0,
        to: 0,
        // A frame each: two boxes of one class side by side stay two.
        frames: {
          name: this.name,
          file: this.id.map((id) => (id === 0 ? '' : `@${id}`)),
          line: new Int32Array(n),
          column: new Int32Array(n),
          room: Uint8Array.from(this.room),
          package: new Array<string>(n).fill(''),
        },
        nodes: {
          parent: Int32Array.from(this.parent),
          frame: Int32Array.from({ length: n }, (_, i) => i),
          self: Float64Array.from(this.self),
        },
        samples: { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) },
        lines: { node: new Int32Array(0), line: new Int32Array(0), weight: new Float64Array(0) },
        blamedNodes: [],
      },
      id: Float64Array.from(this.id),
      count: Float64Array.from(this.count),
    };
  }
}
