import type { Share } from '../base/units.ts';
import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';

/** Whose work a stretch of time was. JS is split by owner; `none` (code of unknown owner) counts as native. */
export const TIME_ROOMS = [
  'user',
  'dependency',
  'core',
  'native',
  'kernel',
  'gc',
  'program',
  'idle',
] as const;
export type TimeRoom = (typeof TIME_ROOMS)[number];

export interface TimeSplit {
  /** Weight of the whole, in the tree's unit. */
  total: number;
  /** Weight that is not idle. */
  busy: number;
  weight: Record<TimeRoom, number>;
  /** Share of `total`; all 0 for an empty profile. */
  share: Record<TimeRoom, Share>;
}

/** Room of a row of the frame table. */
export function roomOfFrame({ frames }: Pick<CallTree, 'frames'>, frame: number): TimeRoom {
  const category = CATEGORIES[frames.category[frame]!]!;
  if (category !== 'js') return category;
  const party = PARTIES[frames.party[frame]!]!;
  return party === 'none' ? 'native' : party;
}

/** Splits self weight by room. `weights` per node replaces the tree's own self weight, as weighNodes makes it. */
export function splitTime(tree: CallTree, weights: Float64Array = tree.self): TimeSplit {
  const weight = Object.fromEntries(TIME_ROOMS.map((room) => [room, 0])) as Record<TimeRoom, number>;
  let total = 0;
  for (let node = 0; node < tree.length; node++) {
    weight[roomOfFrame(tree, tree.frame[node]!)] += weights[node]!;
    total += weights[node]!;
  }
  const share = Object.fromEntries(
    TIME_ROOMS.map((room) => [room, total === 0 ? 0 : weight[room] / total]),
  ) as Record<TimeRoom, Share>;
  return { total, busy: total - weight.idle, weight, share };
}
