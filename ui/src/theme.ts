import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';

type Theme = 'light' | 'dark';
const KEY = `holter-theme:${location.pathname}`;

/** Pages opened from a file may have no storage: then the choice lasts as long as the page. */
function storedTheme(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const system: Signal<Theme> = signal(dark.matches ? 'dark' : 'light');
const chosen: Signal<Theme | null> = signal(storedTheme());
export const theme: ReadonlySignal<Theme> = computed(() => chosen.value ?? system.value);
/** Counts everything that changes colours or resolution without changing data: canvases repaint on it. */
export const paintEpoch: Signal<number> = signal(0);
export const printing: Signal<boolean> = signal(false);

export function switchTheme(): void {
  chosen.value = theme.peek() === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, chosen.value);
  } catch {
    // No storage for this file.
  }
}

export function followTheme(): void {
  dark.addEventListener('change', () => {
    system.value = dark.matches ? 'dark' : 'light';
  });
  effect(() => {
    document.documentElement.dataset.theme = printing.value ? 'light' : theme.value;
    paintEpoch.value = paintEpoch.peek() + 1;
  });
  window.addEventListener('beforeprint', () => {
    printing.value = true;
  });
  window.addEventListener('afterprint', () => {
    printing.value = false;
  });
  matchMedia('(forced-colors: active)').addEventListener('change', () => {
    paintEpoch.value++;
  });
}

/** Value of a colour token of styles/tokens.css, as the canvas needs it. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Pixels per CSS pixel of canvases; print gets two at least. */
export function pixelRatio(): number {
  return printing.peek() ? Math.max(2, devicePixelRatio) : devicePixelRatio || 1;
}

export const reducedMotion = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
export const forcedColours = (): boolean => matchMedia('(forced-colors: active)').matches;
