import { NO_CLASS } from './class-table.ts';
import { findHolders } from './find-holders.ts';
import type { Heap } from './heap.ts';
import type { Holder } from './holder.ts';
import { nameOfType } from './query-object-columns.ts';
import { NODE } from './snapshot.ts';

/** Name of a node's class; of one without a size, and so without a class, what DevTools would call it. */
export function classNameOf({ classes, snapshot }: Heap, node: number): string {
  const row = classes.of[node] as number;
  if (row !== NO_CLASS) return classes.name[row] as string;
  const type = snapshot.nodeType[node] as number;
  if (type !== NODE.object && type !== NODE.native) return nameOfType(type);
  return snapshot.strings.get(snapshot.nodeName[node] as number);
}

/** `path:line` of the constructor (1-based), '' when the snapshot does not tell. */
export function placeOfClass(heap: Pick<Heap, 'classes' | 'scripts' | 'snapshot'>, row: number): string {
  const at = row < 0 ? -1 : (heap.classes.location[row] as number);
  if (at < 0) return '';
  const place = heap.scripts.placeOf(heap.snapshot.locations.node[at] as number);
  if (place === undefined || place.file === '') return '';
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}

/** Who holds most of some objects; three at most. */
export function holdersOf(heap: Heap, nodes: Uint32Array): Holder[] {
  return findHolders(heap, nodes, { limit: 3 });
}
