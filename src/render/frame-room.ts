import { CATEGORIES, type FrameTable, PARTIES } from '../cpu/call-tree.ts';
import type { PageRoom } from './page-data.ts';

/** The room (colour and line of the legend) a function belongs to. V8's own `(program)` is native. */
export function roomOfFrame(frames: FrameTable, row: number): PageRoom {
  const category = CATEGORIES[frames.category[row]!] ?? 'native';
  const party = PARTIES[frames.party[row]!] ?? 'none';
  if (category === 'gc' || category === 'idle' || category === 'kernel') return category;
  if (category !== 'js') return 'native';
  if (party !== 'none') return party;
  return frames.file[row] === '' ? 'native' : 'core';
}

/** What the legend calls them. */
export const ROOM_NAMES: Readonly<Record<PageRoom, string>> = {
  user: 'your code',
  dependency: 'dependencies',
  core: 'node core',
  native: 'native',
  kernel: 'kernel',
  gc: 'garbage collection',
  idle: 'idle',
};
