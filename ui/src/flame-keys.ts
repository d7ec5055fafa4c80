import { childrenOf, type FlameTree, neighbourOf } from './flame-tree.ts';

/**
 * Where an arrow key leads from a box; null when the key is not for the graph. Flipped graphs grow upwards: there the
 * arrow up leads away from the root.
 */
export function moveInFlame(
  event: KeyboardEvent,
  tree: FlameTree,
  now: number,
  flip: boolean,
): number | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const out = flip ? 'ArrowUp' : 'ArrowDown';
  const back = flip ? 'ArrowDown' : 'ArrowUp';
  if (event.key === back) return Math.max(0, tree.parent[now]!);
  if (event.key === out) return childrenOf(tree, now)[0] ?? now;
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return null;
  let next = now;
  for (let step = event.shiftKey ? 10 : 1; step > 0; step--)
    next = neighbourOf(tree, next, event.key === 'ArrowLeft' ? -1 : 1);
  return next;
}
