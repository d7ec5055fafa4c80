import { type Signal, signal } from '@preact/signals';

/** Class whose instances are listed, on a served page. */
export const shownClass: Signal<{ key: string; name: string } | null> = signal(null);

export function showInstances(key: string, name: string): void {
  shownClass.value = { key, name };
  requestAnimationFrame(() => document.querySelector('#instances')?.scrollIntoView({ block: 'nearest' }));
}
