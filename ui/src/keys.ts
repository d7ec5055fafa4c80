import type { PageData } from '../../src/render/page-data.ts';
import { showLook } from './flame-panel.tsx';
import { boxId } from './flame-tree.ts';
import { menu, openMenuAtSelection } from './frame-menu-state.ts';
import { LOOKS } from './hash-text.ts';
import { moveSuspect } from './heap-suspects-panel.tsx';
import { data } from './page-data.ts';
import {
  addTransform,
  announcement,
  changeView,
  found,
  hasTimes,
  keysShown,
  look,
  movedByHand,
  openFindings,
  pickedFrame,
  pickedSpan,
  profile,
  revealRequest,
  selectedBox,
  selectedFinding,
  selectFinding,
  tree,
  view,
} from './state.ts';
import { switchTheme } from './theme.ts';
import { moveRequest } from './wait-state.ts';

type Pages = readonly PageData['kind'][];
const PROFILES: Pages = ['doctor', 'profile', 'difference'];
const GRAPHS: Pages = [...PROFILES, 'heap'];

/** The keys of the overlay, in its order; `pages`: which have it, all when it is not there. */
export const KEYS: readonly { keys: string; does: string; pages?: Pages }[] = [
  { keys: '/', does: 'search: text or /expression/' },
  { keys: 'n N', does: 'next, previous match, by weight', pages: GRAPHS },
  { keys: 'j k', does: 'next, previous finding', pages: ['doctor'] },
  { keys: 'j k', does: 'next, previous suspect', pages: ['heap'] },
  { keys: '← → ↑ ↓', does: 'move in the graph, or by sample on the time axis (Shift × 10)', pages: PROFILES },
  { keys: '← → ↑ ↓', does: 'move in the map', pages: ['heap'] },
  { keys: 'j k', does: 'next, previous request', pages: ['async'] },
  { keys: '↑ ↓', does: 'next, previous wait of the request', pages: ['async'] },
  { keys: '← → ↑ ↓', does: 'move in the graph of waits', pages: ['async'] },
  { keys: 'Enter', does: 'select in the graph: its waits in the table', pages: ['async'] },
  { keys: 'Esc', does: 'out: selection in the graph, wait, search', pages: ['async'] },
  { keys: 'Enter', does: 'zoom in; in the sandwich: this function', pages: PROFILES },
  { keys: 'Enter', does: 'zoom in', pages: ['heap'] },
  { keys: '+ − 0', does: 'closer, farther, all; also Ctrl or ⌘ with the wheel, drag to move', pages: GRAPHS },
  { keys: 'Esc', does: 'out: zoom, time range, search, selection in turn', pages: PROFILES },
  { keys: 'Esc', does: 'out: zoom, search, selection in turn', pages: ['heap', 'heap-difference'] },
  { keys: 'v', does: 'next view: flame, bottom-up, chart, sandwich', pages: PROFILES },
  { keys: 'b', does: 'bottom-up', pages: PROFILES },
  { keys: 's', does: 'sandwich: callers and callees of the selected function', pages: PROFILES },
  { keys: 't', does: 'graph as a table', pages: GRAPHS },
  { keys: 'm', does: 'menu of the selected frame (Shift F10, right click)', pages: GRAPHS },
  { keys: 'o', does: 'only stacks with the selected function', pages: PROFILES },
  { keys: 'h', does: 'hide the selected function', pages: PROFILES },
  { keys: 'r', does: 'collapse its recursion, or with nothing selected all', pages: PROFILES },
  { keys: 'f', does: 'fold node core', pages: PROFILES },
  { keys: 'c', does: 'copy the next command' },
  { keys: 'd', does: 'dark or light' },
  { keys: '?', does: 'these keys' },
];
/** Keys that do something on pages about heaps. */
const ON_HEAP = '/jknNtmcd?';
const HEAP = data.kind === 'heap' || data.kind === 'heap-difference';

/** Leaves the innermost state: overlay, zoom, brush, search, in turn. */
function leave(): void {
  const { zoom, brush, query, picked, node, span } = view.peek();
  if (menu.peek()) menu.value = null;
  else if (keysShown.peek()) keysShown.value = false;
  else if (movedByHand.peek()) movedByHand.value = false;
  else if (zoom) changeView({ zoom: '' });
  else if (brush) changeView({ brush: null });
  else if (node >= 0) changeView({ node: -1 });
  else if (span >= 0) changeView({ span: -1 });
  else if (query) changeView({ query: '' });
  else if (picked) changeView({ picked: '' });
}

/** Walks through what the search found, heaviest first; leaves a zoom that hides the next one. */
export function walkMatches(step: number): void {
  const [boxes, all] = [tree.peek(), found.peek()];
  if (!boxes || !all || all.boxes.length === 0) return;
  const now = all.boxes.indexOf(selectedBox.peek());
  const count = all.boxes.length;
  const next = now < 0 ? (step > 0 ? 0 : count - 1) : (now + step + count) % count;
  const box = all.boxes[next]!;
  pickedSpan.value = null;
  changeView({ picked: boxId(boxes, box), ...(insideZoom(box) ? {} : { zoom: '' }) });
  announcement.value = `${next + 1} of ${count}: ${profile.peek()!.name[boxes.frame[box]!]}`;
  revealRequest.value++;
}

function insideZoom(box: number): boolean {
  const zoom = view.peek().zoom;
  if (zoom === '') return true;
  const boxes = tree.peek()!;
  for (let at = box; at > 0; at = boxes.parent[at]!) if (boxId(boxes, at) === zoom) return true;
  return false;
}

function nextLook(): void {
  const usable = LOOKS.filter((one) => one !== 'chart' || hasTimes.peek());
  showLook(usable[(usable.indexOf(look.peek()) + 1) % usable.length]!);
}

function moveFinding(step: number): void {
  if (data.kind === 'heap') moveSuspect(step, data.suspects?.list.length ?? 0);
  if (data.kind === 'async') moveRequest(step);
  if (data.kind !== 'doctor') return;
  const shown = data.report.findings.map((finding, i) => (finding.suspended ? -1 : i)).filter((i) => i >= 0);
  if (shown.length === 0) return;
  const now = shown.indexOf(selectedFinding.peek());
  const next = shown[Math.min(shown.length - 1, Math.max(0, now + step))]!;
  selectFinding(next);
  openFindings.value = new Set([next]);
  requestAnimationFrame(() => {
    const summary = document.querySelector<HTMLElement>(`[data-finding="${next}"] > summary`);
    summary?.focus({ preventScroll: true });
    summary?.scrollIntoView({ block: 'nearest' });
  });
}

function withPicked(act: (frame: number) => void): void {
  if (pickedFrame.peek() >= 0) act(pickedFrame.peek());
  else announcement.value = 'Select a frame first';
}

/** The selected function goes into the middle, also when another one is there already. */
function showSandwich(): void {
  const frame = pickedFrame.peek();
  if (frame >= 0) changeView({ look: 'sandwich', sandwich: frame, zoom: '' });
  else showLook('sandwich');
}

const commands: Record<string, () => void> = {
  '/': () => document.querySelector<HTMLInputElement>('#search')?.select(),
  j: () => moveFinding(1),
  k: () => moveFinding(-1),
  f: () => changeView({ foldCore: !view.peek().foldCore }),
  n: () => walkMatches(1),
  N: () => walkMatches(-1),
  v: nextLook,
  b: () => showLook(look.peek() === 'bottom-up' ? 'flame' : 'bottom-up'),
  s: () => showSandwich(),
  o: () => withPicked((frame) => addTransform({ kind: 'focus', frame })),
  h: () => withPicked((frame) => addTransform({ kind: 'hide', frame })),
  r: () => addTransform({ kind: 'recursion', frame: pickedFrame.peek() }),
  m: openMenuAtSelection,
  t: () => changeView({ asTable: !view.peek().asTable }),
  c: () =>
    document.querySelector<HTMLElement>('.finding.selected .copy, .nothing .copy, .next .copy')?.click(),
  d: switchTheme,
  '?': () => {
    keysShown.value = !keysShown.peek();
  },
};

export function followKeys(): void {
  window.addEventListener('keydown', (event) => {
    const element = event.target as HTMLElement;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);
    if (event.key === 'Escape') {
      leave();
      if (typing) element.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || menu.peek()) return;
    if ((event.key === 'F10' && event.shiftKey) || event.key === 'ContextMenu') {
      if (pickedFrame.peek() < 0) return;
      event.preventDefault();
      openMenuAtSelection();
      return;
    }
    if (keysShown.peek() && event.key !== '?') return;
    if (HEAP && !event.key.startsWith('Arrow') && !ON_HEAP.includes(event.key)) return;
    if (profile.peek() === null && !'/jkcd?'.includes(event.key)) return;
    const command = commands[event.key];
    if (command) {
      event.preventDefault();
      command();
    } else if (event.key.startsWith('Arrow') && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      // Sideways arrows mean the flame graph, once something in it is selected and nothing else has the focus.
      if (element === document.body && tree.peek() && selectedBox.peek() > 0) {
        event.preventDefault();
        document.querySelector<HTMLElement>('.flame-scroll')?.focus();
      }
    }
  });
}
