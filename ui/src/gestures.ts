/** What a graph does when it is pulled or turned. CSS px. */
export interface Movable {
  zoomAt(x: number, factor: number): void;
  pan(dx: number, dy: number): void;
}

/** Movements below this are clicks, CSS px. */
const CLICK = 4;
/** Zoom of one notch of a wheel (100 px). */
const NOTCH = 1.25;

/**
 * Drag moves a graph, Ctrl or ⌘ with the wheel (a pinch on a trackpad) zooms at the pointer, a sideways wheel or Shift
 * with the wheel moves. A plain wheel scrolls the page. Returns what undoes the listening.
 */
export function followGestures(area: HTMLElement, target: Movable): () => void {
  let last: { x: number; y: number } | null = null;
  let travelled = 0;
  let moved = false;
  const onWheel = (event: WheelEvent) => {
    const zoom = event.ctrlKey || event.metaKey;
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (zoom) target.zoomAt(event.clientX - area.getBoundingClientRect().left, NOTCH ** (event.deltaY / 100));
    else if (sideways !== 0 && Math.abs(sideways) >= Math.abs(event.shiftKey ? 0 : event.deltaY))
      target.pan(-sideways, 0);
    else return;
    event.preventDefault();
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    last = { x: event.clientX, y: event.clientY };
    travelled = 0;
    moved = false;
  };
  const onMove = (event: PointerEvent) => {
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    travelled += Math.abs(dx) + Math.abs(dy);
    if (!moved && travelled < CLICK) return;
    if (!moved) area.setPointerCapture(event.pointerId);
    moved = true;
    last = { x: event.clientX, y: event.clientY };
    target.pan(dx, dy);
  };
  const onUp = () => {
    last = null;
  };
  // The click that ends a drag selects nothing.
  const onClick = (event: MouseEvent) => {
    if (!moved) return;
    moved = false;
    event.stopImmediatePropagation();
  };
  area.addEventListener('wheel', onWheel, { passive: false });
  area.addEventListener('pointerdown', onDown);
  area.addEventListener('pointermove', onMove);
  area.addEventListener('pointerup', onUp);
  area.addEventListener('pointercancel', onUp);
  area.addEventListener('click', onClick, true);
  return () => {
    area.removeEventListener('wheel', onWheel);
    area.removeEventListener('pointerdown', onDown);
    area.removeEventListener('pointermove', onMove);
    area.removeEventListener('pointerup', onUp);
    area.removeEventListener('pointercancel', onUp);
    area.removeEventListener('click', onClick, true);
  };
}

/** `+`, `−` and `0` inside a graph of `width`; true when the key was for it. */
export function zoomByKey(
  event: KeyboardEvent,
  target: Movable & { settle(): void },
  width: number,
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === '+' || event.key === '=') target.zoomAt(width / 2, 1 / NOTCH);
  else if (event.key === '-') target.zoomAt(width / 2, NOTCH);
  else if (event.key === '0') target.settle();
  else return false;
  event.preventDefault();
  return true;
}
