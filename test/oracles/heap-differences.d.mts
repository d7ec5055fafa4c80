import type { Heap } from '../../src/heap/heap.ts';
import type { HeapDifference } from '../../src/heap/heap-difference.ts';
import type { DevToolsHeap } from './devtools-heap.d.mts';

/** Sentences, some per column: where sizes, dominators, distances or DOM states of nodes differ. */
export function differentNodes(heap: Heap, devtools: DevToolsHeap, nodeTypes: readonly string[]): string[];
/** Where rows of the class list or the classes of nodes differ. */
export function differentClasses(heap: Heap, devtools: DevToolsHeap): string[];
/** Where the comparison with an older snapshot differs, by ids. */
export function differentComparison(difference: HeapDifference, devtools: DevToolsHeap): string[];
