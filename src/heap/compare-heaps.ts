import { HolterError } from '../base/errors.ts';
import { buildClasses } from './build-classes.ts';
import type { ClassTable } from './class-table.ts';
import { compareClasses, type MiddleHeap } from './compare-classes.ts';
import { findGrownContainers } from './compare-containers.ts';
import { holdersOf, placeOfClass } from './compare-description.ts';
import { type IdMatch, matchIds } from './compare-ids.ts';
import type { Heap } from './heap.ts';
import type { ClassChange, DifferenceMode, HeapDifference } from './heap-difference.ts';
import { pathText } from './retaining-path.ts';
import { detectSameProcess } from './same-process.ts';
import { compareStableClasses } from './stable-classes.ts';

export interface CompareOptions {
  /** Default: ids when the files are of one process. */
  by?: DifferenceMode;
  /** Of how many classes the holders and places are looked for, of how many containers the paths. Default 10. */
  top?: number;
}

/**
 * What changed from `before` to `after`: by object ids within one process, else by classes. With a third heap, taken
 * later, only what came between the first two and is still there in the last counts as new. research/heap.md §7.
 *
 * @throws HolterError E_USAGE: `by: 'ids'` for files of different processes
 */
export function compareHeaps(before: Heap, after: Heap, options?: CompareOptions): HeapDifference;
export function compareHeaps(
  before: Heap,
  after: Heap,
  last: Heap | undefined,
  options?: CompareOptions,
): HeapDifference;
export function compareHeaps(
  before: Heap,
  after: Heap,
  lastOrOptions?: Heap | CompareOptions,
  more?: CompareOptions,
): HeapDifference {
  const third =
    lastOrOptions !== undefined && 'snapshot' in lastOrOptions ? (lastOrOptions as Heap) : undefined;
  const options: CompareOptions =
    more ?? (third === undefined ? ((lastOrOptions as CompareOptions | undefined) ?? {}) : {});
  const heaps = third === undefined ? [before, after] : [before, after, third];
  const last = third ?? after;
  const top = options.top ?? 10;
  const notes = heaps.flatMap(({ snapshot }) =>
    snapshot.partial === undefined ? [] : [`${snapshot.name}: ${snapshot.partial}`],
  );
  const joined = options.by === 'classes' ? undefined : joinHeaps(heaps, notes);
  if (options.by === 'ids' && joined?.matches === undefined)
    throw new HolterError('E_USAGE', `the snapshots are not of one process: ${joined?.reason}`, {
      hint: 'compare them by class: --by classes',
    });
  const matches = joined?.matches;
  const result: HeapDifference = {
    mode: matches === undefined ? 'classes' : 'ids',
    modeReason: joined?.reason ?? 'as asked for',
    beforeName: before.snapshot.name,
    afterName: after.snapshot.name,
    ...(third === undefined ? {} : { lastName: third.snapshot.name, totalLast: totalBytes(third) }),
    totalBefore: totalBytes(before),
    totalAfter: totalBytes(after),
    added: { count: 0, bytes: 0 },
    removed: { count: 0, bytes: 0 },
    classes: [],
    containers: [],
    notes,
  };
  if (matches === undefined) compareByClasses(result, before, last, third && after, top);
  else compareByIds(result, before, after, last, matches, top);
  return result;
}

/** retained(root) and what V8 counts outside, as DevTools' total. */
function totalBytes({ snapshot, graph }: Heap): number {
  return (snapshot.nodeCount === 0 ? 0 : graph.retained.get(0)) + snapshot.extraNativeBytes;
}

interface Join {
  reason: string;
  /** first → last, and with three first → middle and middle → last; undefined when not all are of one process. */
  matches?: IdMatch[];
}

function joinHeaps(heaps: Heap[], notes: string[]): Join {
  const steps: IdMatch[] = [];
  let reason = '';
  for (let step = 0; step + 1 < heaps.length; step++) {
    const [older, newer] = [heaps[step]!.snapshot, heaps[step + 1]!.snapshot];
    const match = matchIds(older, newer);
    const process = detectSameProcess(older, newer, match);
    reason = process.reason;
    if (!process.same) return { reason };
    if (process.swapped)
      notes.push(
        `${older.name} is newer than ${newer.name} (it has later object ids): what is called new was there before; give the older file first.`,
      );
    steps.push(match);
  }
  if (steps.length === 1) return { reason, matches: steps };
  return {
    reason,
    matches: [matchIds(heaps[0]!.snapshot, heaps[2]!.snapshot), steps[0]!, steps[1]!],
  };
}

function compareByIds(
  result: HeapDifference,
  before: Heap,
  after: Heap,
  last: Heap,
  matches: IdMatch[],
  top: number,
): void {
  const match = matches[0] as IdMatch;
  const middle: MiddleHeap | undefined =
    matches.length === 3 ? { classes: baseClasses(after, last), until: matches[2] as IdMatch } : undefined;
  const beforeClasses = baseClasses(before, last);
  const comparison = compareClasses(before, beforeClasses, last, match, middle);
  const { isNew } = comparison;
  result.added = comparison.added;
  result.removed = comparison.removed;
  result.classes = comparison.rows;
  // Not spread: that would make its own tables, which nobody asks for.
  const { snapshot, scripts } = before;
  const { classOf } = comparison;
  describeClasses(
    {
      rows: comparison.rows,
      classesOf: (change) => [classOf.get(change) ?? -1].filter((row) => row >= 0),
      isNew,
    },
    { snapshot, scripts, classes: beforeClasses },
    last,
    top,
  );
  result.containers = findGrownContainers(
    {
      before,
      last,
      match,
      isNew,
      ...(middle === undefined ? {} : { middle: after, middleMatch: middle.until }),
    },
    Math.max(top, 20),
  );
  for (const container of result.containers.slice(0, top)) container.path = pathText(last, container.node);
}

function compareByClasses(
  result: HeapDifference,
  before: Heap,
  last: Heap,
  middle: Heap | undefined,
  top: number,
): void {
  const { rows, classesOf } = compareStableClasses(before, last, middle);
  result.classes = rows;
  for (const change of rows) {
    const side = change.addedBytes > 0 ? result.added : result.removed;
    side.count += change.added + change.removed;
    side.bytes += change.addedBytes + change.removedBytes;
  }
  // Which instances are the new ones nobody knows; who holds most of all of them is asked instead.
  describeClasses(
    { rows, classesOf: (change) => classesOf.get(change) ?? [], isNew: undefined },
    before,
    last,
    top,
  );
}

type ClassHeap = Pick<Heap, 'snapshot' | 'scripts' | 'classes'>;

/** Classes of the older heap; its plain objects named by the shapes of the newer, as DevTools' Comparison does. */
function baseClasses(before: Heap, last: Heap): ClassTable {
  return buildClasses(before.snapshot, before.graph, () => before.scripts, last.snapshot);
}

interface Described {
  rows: readonly ClassChange[];
  /** Rows of the class table of the last heap. */
  classesOf: (change: ClassChange) => readonly number[];
  /** Whose holders are asked for; undefined: of all. */
  isNew: Uint8Array | undefined;
}

/** Holders and places of the classes that are shown first. One pass over the nodes for all of them. */
function describeClasses(
  { rows, classesOf, isNew }: Described,
  before: ClassHeap,
  last: Heap,
  top: number,
): void {
  const shown = rows.slice(0, top);
  const { of, instances } = last.classes;
  const slot = new Int32Array(last.classes.count).fill(-1);
  const nodes: Uint32Array[] = [];
  const held: ClassChange[] = [];
  for (const change of shown) {
    const own = classesOf(change);
    const [row] = own;
    change.place =
      row === undefined
        ? placeOfClass(before, before.classes.name.indexOf(change.name))
        : placeOfClass(last, row);
    if (row === undefined || change.added === 0) continue;
    for (const each of own) slot[each] = nodes.length;
    const room =
      isNew === undefined ? own.reduce((sum, each) => sum + (instances[each] as number), 0) : change.added;
    nodes.push(new Uint32Array(room));
    held.push(change);
  }
  if (nodes.length === 0) return;
  const filled = new Uint32Array(nodes.length);
  for (let node = 0; node < of.length; node++) {
    if (isNew !== undefined && isNew[node] === 0) continue;
    const at = slot[of[node] as number] ?? -1;
    if (at < 0) continue;
    const list = nodes[at] as Uint32Array;
    const next = filled[at] as number;
    if (next < list.length) list[next] = node;
    filled[at] = next + 1;
  }
  for (const [at, change] of held.entries()) {
    const list = nodes[at] as Uint32Array;
    change.holders = holdersOf(last, list.subarray(0, Math.min(list.length, filled[at] as number)));
  }
}
