import type { Heap } from '../heap/heap.ts';
import { cut, roomOfNode } from './heap-page-names.ts';
import type { HeapPage } from './page-data.ts';
import { shortPath } from './short-path.ts';

/** A page lists so many; a served one asks for the others. */
const MOST_CLASSES = 10_000;
/** Places are looked for of so many classes: each costs a walk through scripts and source maps. */
const MOST_PLACES = 2000;

/** Columns of the classes that retain most. */
export function buildPageClasses(heap: Heap, cwd: string): HeapPage['classes'] {
  const { classes, snapshot, scripts } = heap;
  const order = Uint32Array.from({ length: classes.count }, (_, row) => row)
    .sort((a, b) => classes.retained[b]! - classes.retained[a]! || a - b)
    .subarray(0, MOST_CLASSES);
  const rows = Array.from(order);
  const first = firstInstances(heap);
  return {
    name: rows.map((row) => cut(classes.name[row]!, 200)),
    place: rows.map((row, i) => {
      const at = i < MOST_PLACES ? classes.location[row]! : -1;
      const place = at < 0 ? undefined : scripts.placeOf(snapshot.locations.node[at]!);
      if (place === undefined || place.file === '') return '';
      const file = shortPath(place.file, cwd);
      return place.line > 0 ? `${file}:${place.line}` : file;
    }),
    count: Float64Array.from(rows, (row) => classes.instances[row]!),
    shallow: Float64Array.from(rows, (row) => classes.shallow[row]!),
    retained: Float64Array.from(rows, (row) => classes.retained[row]!),
    distance: Int32Array.from(rows, (row) => classes.distance[row]!),
    room: Uint8Array.from(rows, (row) => roomOfNode(snapshot, first[row]!)),
    key: rows.map((row) => classes.key[row]!),
  };
}

/** An instance of each class: what it is made of says its colour. */
function firstInstances({ classes, snapshot }: Heap): Uint32Array {
  const first = new Uint32Array(classes.count);
  for (let node = snapshot.nodeCount - 1; node >= 0; node--) {
    const row = classes.of[node]!;
    if (row < first.length) first[row] = node;
  }
  return first;
}
