import type { Heap } from './heap.ts';
import type { Holder } from './holder.ts';

/** `global.app.sessions`. */
export function pathOf(_heap: Heap, _node: number): string {
  return '';
}

export function holdersOf(_heap: Heap, _nodes: Uint32Array): Holder[] {
  return [];
}

/** `path:line` of the constructor (1-based), '' when the snapshot does not tell. */
export function placeOfClass(heap: Heap, row: number): string {
  const at = row < 0 ? -1 : (heap.classes.location[row] as number);
  if (at < 0) return '';
  const place = heap.scripts.placeOf(heap.snapshot.locations.node[at] as number);
  if (place === undefined || place.file === '') return '';
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}

/** Shortest way from the root, the root first. */
export function pathSteps(heap: Heap, node: number): { edge: number; node: number }[] {
  return [
    { edge: -1, node: heap.graph.dominator[node] as number },
    { edge: -1, node },
  ];
}
