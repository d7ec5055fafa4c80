import { effect } from '@preact/signals';
import { readHash, renderHash } from './hash-text.ts';
import { view } from './state.ts';

/** Keeps address and view equal, both ways. Typing in the search replaces the entry, everything else adds one. */
export function followHash(): void {
  let query = view.peek().query;
  effect(() => {
    const hash = renderHash(view.value);
    const typing = view.value.query !== query;
    query = view.value.query;
    if (hash === renderHash(readHash(location.hash))) return;
    const url = `${location.pathname}${location.search}${hash === '' ? '' : `#${hash}`}`;
    if (typing) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
  });
  window.addEventListener('popstate', () => {
    const next = readHash(location.hash);
    query = next.query;
    view.value = next;
  });
}
