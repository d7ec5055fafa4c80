import {
  changeView,
  data,
  keysShown,
  openFindings,
  selectedBox,
  selectedFinding,
  selectFinding,
  tree,
  view,
} from './state.ts';
import { switchTheme } from './theme.ts';

/** The keys of the overlay, in its order. */
export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['/', 'search'],
  ['j k', 'next, previous finding'],
  ['Enter', 'open the finding; in the flame graph: zoom'],
  ['← → ↑ ↓', 'move in the flame graph; on the time axis by sample (Shift × 10)'],
  ['Esc', 'out: zoom, time range, search in turn'],
  ['f', 'fold node core'],
  ['b', 'bottom-up'],
  ['t', 'flame graph as a table'],
  ['c', 'copy the next command'],
  ['d', 'dark or light'],
  ['?', 'these keys'],
];

/** Leaves the innermost state: overlay, zoom, brush, search, in turn. */
function leave(): void {
  const { zoom, brush, query, picked } = view.peek();
  if (keysShown.peek()) keysShown.value = false;
  else if (zoom) changeView({ zoom: '' });
  else if (brush) changeView({ brush: null });
  else if (query) changeView({ query: '' });
  else if (picked) changeView({ picked: '' });
}

function moveFinding(step: number): void {
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

const commands: Record<string, () => void> = {
  '/': () => document.querySelector<HTMLInputElement>('#search')?.select(),
  j: () => moveFinding(1),
  k: () => moveFinding(-1),
  f: () => changeView({ foldCore: !view.peek().foldCore }),
  b: () => changeView({ bottomUp: !view.peek().bottomUp, zoom: '' }),
  t: () => changeView({ asTable: !view.peek().asTable }),
  c: () => document.querySelector<HTMLElement>('.finding.selected .copy, .nothing .copy')?.click(),
  d: switchTheme,
  '?': () => {
    keysShown.value = !keysShown.peek();
  },
};

export function followKeys(): void {
  window.addEventListener('keydown', (event) => {
    const element = event.target as HTMLElement;
    const typing = element.tagName === 'INPUT' || element.tagName === 'SELECT';
    if (event.key === 'Escape') {
      leave();
      if (typing) element.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
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
