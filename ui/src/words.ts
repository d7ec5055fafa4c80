import type { PageRoom } from '../../src/render/page-data.ts';
import { data } from './page-data.ts';
import { ROOM_LABELS } from './profile-tables.ts';

/** Colours of a map of memory (src/render/heap-page-names.ts). */
const HEAP_ROOM_LABELS: Record<PageRoom, string> = {
  user: 'Objects',
  dependency: 'Strings',
  core: 'V8’s own',
  native: 'Native and buffers',
  kernel: 'Arrays',
  gc: 'Functions and code',
  idle: 'Not taken apart',
};

/** What the seven colours mean on this page. */
export const roomLabels: Record<PageRoom, string> = data.kind === 'heap' ? HEAP_ROOM_LABELS : ROOM_LABELS;

/** What a graph of boxes is about: time that functions spend, or memory that objects keep alive. */
export const words: Record<'total' | 'self' | 'name' | 'where' | 'graph' | 'keys' | 'pick', string> =
  data.kind === 'heap'
    ? {
        total: 'keeps',
        self: 'own',
        name: 'Object or group',
        where: 'Id',
        graph: 'map of the memory',
        keys: 'arrow keys move, Enter zooms, Escape zooms out, t shows a table',
        pick: 'Click a box for its numbers, double click to zoom.',
      }
    : {
        total: 'total',
        self: 'self',
        name: 'Function',
        where: 'Where',
        graph: 'flame graph',
        keys: 'arrow keys move, Enter zooms, Escape zooms out, m opens a menu, t shows a table',
        pick: 'Click a frame for its numbers, right click for what can be done with it.',
      };

/** `keeps` → `Keeps`, for the head of a column. */
export function headWord(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
