import { buildLiveGraph, liveTest } from './graph-build.ts';
import type { HeapPages } from './heap-page.ts';
import type { HeapWalk } from './heap-walk.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * Marks what can be reached from the roots of all isolates: about 12 bytes of memory for each reference of the heap.
 * @returns whether the object at an address (tagged) is in use
 * @throws HolterError E_TOO_LITTLE_MEMORY
 */
export function markReachable(v8: V8Reader, pages: HeapPages, walk: HeapWalk): (address: number) => boolean {
  return liveTest(buildLiveGraph(v8, pages, { walk }));
}
