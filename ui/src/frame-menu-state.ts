import { type Signal, signal } from '@preact/signals';
import { pickedFrame, pickedNode } from './state.ts';

/** An open context menu: where (client px), and for which function and path. */
export interface OpenMenu {
  x: number;
  y: number;
  frame: number;
  /** Node of the profile, −1 when only the function is known. */
  node: number;
}
export const menu: Signal<OpenMenu | null> = signal(null);

/** Where the selected box is on the screen (client px); set by the graph that is shown. */
export const anchor: { of: (() => { x: number; y: number } | null) | null } = { of: null };

/** Opens the menu for what is selected: `m`, Shift+F10. */
export function openMenuAtSelection(): void {
  if (pickedFrame.peek() < 0) return;
  const area = document.querySelector('.flame-scroll, .flame-table')?.getBoundingClientRect();
  const place = anchor.of?.() ?? { x: (area?.left ?? 40) + 24, y: (area?.top ?? 40) + 24 };
  menu.value = { ...place, frame: pickedFrame.peek(), node: pickedNode.peek() };
}
