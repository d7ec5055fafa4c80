import { NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import { NODE, NODE_TYPES } from './snapshot.ts';

/** Class of any node, of those without a size of their own too, which no class of the table has. */
export function classNameOf(heap: Heap, node: number): string {
  const row = heap.classes.of[node]!;
  if (row !== NO_CLASS) return heap.classes.name[row]!;
  const { snapshot } = heap;
  const type = snapshot.nodeType[node]!;
  if (type === NODE.object || type === NODE.native || type === NODE.synthetic)
    return snapshot.strings.get(snapshot.nodeName[node]!);
  if (type === NODE.hidden) return '(system)';
  if (type === NODE.code) return '(compiled code)';
  if (type === NODE.closure) return 'Function';
  if (type === NODE.regexp) return 'RegExp';
  return `(${NODE_TYPES[type]})`;
}
