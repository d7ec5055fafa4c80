import type { FrameTable } from '../cpu/call-tree.ts';
import { roomOfFrame } from '../cpu/time-split.ts';
import type { PageRoom } from './page-data.ts';

/** The room (colour and line of the legend) a function belongs to: that of the summary, but V8's own is native. */
export function pageRoomOfFrame(frames: FrameTable, row: number): PageRoom {
  const room = roomOfFrame({ frames }, row);
  return room === 'program' ? 'native' : room;
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
