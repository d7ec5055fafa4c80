import { NO_CLASS } from './class-table.ts';
import { EntryReader } from './compare-entries.ts';
import { type IdMatch, NOT_THERE } from './compare-ids.ts';
import type { Heap } from './heap.ts';
import type { ContainerChange } from './heap-difference.ts';
import { SYSTEM_DISTANCE } from './heap-graph.ts';
import { NODE } from './snapshot.ts';

/** The snapshots a container is looked at in; `middle` only with three. */
export interface ContainerSpan {
  before: Heap;
  middle?: Heap;
  last: Heap;
  /** `before` → `last` */
  match: IdMatch;
  /** `middle` → `last` */
  middleMatch?: IdMatch;
  /** By node of `last`. */
  isNew: Uint8Array;
}

/**
 * Containers of the program (Arrays, Maps, Sets, objects used as dictionaries) that are the same object in all snapshots
 * and hold more entries in each than in the one before; those that hold most through new entries first, at most `limit`.
 * Paths are left empty.
 */
export function findGrownContainers(span: ContainerSpan, limit: number): ContainerChange[] {
  const { before, middle, last, match, middleMatch, isNew } = span;
  const { snapshot, graph } = last;
  const known = { before: new EntryReader(before.snapshot), last: new EntryReader(snapshot) };
  const middleReader = middle === undefined ? undefined : new EntryReader(middle.snapshot);
  const found: ContainerChange[] = [];
  const oldFirst = before.snapshot.firstEdge;
  for (let node = 0; node < snapshot.nodeCount; node++) {
    if (snapshot.nodeType[node] !== NODE.object) continue;
    const was = match.before[node] as number;
    if (was === NOT_THERE) continue;
    // Of millions of objects few have more references than before, and of Maps and Sets, whose entries are in a table of
    // their own, few are there at all.
    const end = snapshot.firstEdge[node + 1] as number;
    const edges = end - (snapshot.firstEdge[node] as number);
    const edgesBefore = (oldFirst[was + 1] as number) - (oldFirst[was] as number);
    if (edges <= edgesBefore && !known.last.looksKeyed(node)) continue;
    if (known.last.edges(node) <= known.before.edges(was)) continue;
    const distance = graph.distance[node] as number;
    if (distance < 0 || distance >= SYSTEM_DISTANCE) continue;
    const entriesBefore = known.before.count(was);
    const entriesLast = known.last.count(node);
    if (entriesLast <= entriesBefore) continue;
    let entriesMiddle: number | undefined;
    if (middleReader !== undefined) {
      const then = middleMatch?.before[node] ?? NOT_THERE;
      entriesMiddle = then === NOT_THERE ? 0 : middleReader.count(then);
      if (entriesMiddle <= entriesBefore || entriesLast <= entriesMiddle) continue;
    }
    let newBytes = 0;
    known.last.eachHeld(node, (target) => {
      if (isNew[target] === 1) newBytes += graph.retained.get(target);
    });
    const row = last.classes.of[node] as number;
    found.push({
      node,
      id: snapshot.nodeId[node] as number,
      className:
        row === NO_CLASS
          ? snapshot.strings.get(snapshot.nodeName[node] as number)
          : (last.classes.name[row] as string),
      path: '',
      entriesBefore,
      entriesAfter: entriesMiddle ?? entriesLast,
      ...(entriesMiddle === undefined ? {} : { entriesLast }),
      retainedBefore: before.graph.retained.get(was),
      retainedAfter: graph.retained.get(node),
      newBytes,
    });
    if (found.length >= 4 * limit + 64) cut(found, limit);
  }
  cut(found, limit);
  return found;
}

function cut(found: ContainerChange[], limit: number): void {
  const more = (each: ContainerChange) => (each.entriesLast ?? each.entriesAfter) - each.entriesBefore;
  found.sort((a, b) => b.newBytes - a.newBytes || more(b) - more(a) || a.node - b.node);
  if (found.length > limit) found.length = limit;
}
