import { computed, type ReadonlySignal } from '@preact/signals';
import { changeView, view } from './state.ts';

/** V8's id of the object looked at, 0 none. In the address, so that Back goes back. */
export const shownObject: ReadonlySignal<number> = computed(() => view.value.object);

/** Shows an object in its panel, and brings that into the window. */
export function showObject(id: number): void {
  changeView({ object: id });
  requestAnimationFrame(() => document.querySelector('#object')?.scrollIntoView({ block: 'nearest' }));
}
