import { boxId, childrenOf, neighbourOf } from './flame-tree.ts';
import { changeView, selectedBox, tree, zoomedBox } from './state.ts';

/** Arrow keys and Enter inside the flame graph; true when the key was for it. */
export function moveInFlame(event: KeyboardEvent): boolean {
  const boxes = tree.peek();
  if (!boxes || event.ctrlKey || event.metaKey || event.altKey) return false;
  const now = Math.max(0, selectedBox.peek());
  let next = now;
  if (event.key === 'ArrowUp') next = Math.max(0, boxes.parent[now]!);
  else if (event.key === 'ArrowDown') next = childrenOf(boxes, now)[0] ?? now;
  else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    for (let step = event.shiftKey ? 10 : 1; step > 0; step--) {
      next = neighbourOf(boxes, next, event.key === 'ArrowLeft' ? -1 : 1);
    }
  } else if (event.key === 'Enter') {
    changeView({ zoom: now === 0 || now === zoomedBox.peek() ? '' : boxId(boxes, now) });
    event.preventDefault();
    return true;
  } else return false;
  event.preventDefault();
  if (next > 0) changeView({ picked: boxId(boxes, next) });
  return true;
}
