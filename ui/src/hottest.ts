import {
  CORE,
  DEPENDENCY,
  GC,
  IDLE,
  KERNEL,
  NATIVE,
  type ProfileTables,
  ROOM_LABELS,
  ROOMS,
  USER,
} from './profile-tables.ts';
import { outermostSame } from './tree-walk.ts';

/** What a row of the table stands for. */
export type Grouping = 'function' | 'file' | 'package';

/** Functions put into groups; index of the group by frame, −1 for none. */
export interface Groups {
  by: Grouping;
  of: Int32Array;
  name: string[];
  /** A frame of each group: gives colour and place. */
  frame: number[];
}

/** One row of the table. `group` −1: time without a caller in the user's code. */
export interface HotRow {
  group: number;
  /** Own time plus that of the native, core and dependency frames it called. Ranked by self: total. */
  charged: number;
  self: number;
}

/** A tree to rank: a Shape with its weights. */
export interface WeightedTree {
  length: number;
  parent: Int32Array;
  frame: Int32Array;
  self: Float64Array;
}

const PLACES: Record<number, string> = {
  [USER]: 'your code',
  [CORE]: 'node core',
  [NATIVE]: 'native',
  [KERNEL]: 'kernel',
  [GC]: 'garbage collection',
};

/** Groups of the functions of a profile: one each, by file, or by package with rooms for what has none. */
export function groupFrames(tables: ProfileTables, by: Grouping): Groups {
  const count = tables.name.length;
  if (by === 'function') {
    const of = Int32Array.from({ length: count }, (_, i) => i);
    return { by, of, name: tables.name, frame: Array.from(of) };
  }
  const known = new Map<string, number>();
  const groups: Groups = { by, of: new Int32Array(count), name: [], frame: [] };
  for (let i = 0; i < count; i++) {
    const room = tables.room[i]!;
    const named = by === 'file' ? tables.file[i]! : room === DEPENDENCY ? tables.package[i]! : '';
    const name = named || (by === 'package' && PLACES[room]) || ROOM_LABELS[ROOMS[room]!].toLowerCase();
    const key = `${named === '' ? room : ''}\n${name}`;
    let group = known.get(key);
    if (group === undefined) {
      group = groups.name.push(name) - 1;
      groups.frame.push(i);
      known.set(key, group);
    }
    groups.of[i] = group;
  }
  return groups;
}

/**
 * Time charged to the code of the user that asked for it: every node's self weight goes to the closest user frame
 * above (or itself). GC belongs to nobody's line and keeps a row of its own; idle is nobody's time.
 */
export function chargeToUserCode(tree: WeightedTree, tables: ProfileTables, groups: Groups): HotRow[] {
  const { parent, frame, self } = tree;
  const owner = new Int32Array(tree.length).fill(-1);
  const count = groups.name.length;
  const charged = new Float64Array(count + 1);
  const own = new Float64Array(count + 1);
  for (let i = 0; i < tree.length; i++) {
    const room = tables.room[frame[i]!]!;
    const mine = room === USER || room === GC;
    owner[i] = mine ? groups.of[frame[i]!]! : i === 0 ? -1 : owner[parent[i]!]!;
    if (self[i] === 0 || room === IDLE) continue;
    charged[owner[i]! + 1]! += self[i]!;
    if (mine) own[owner[i]! + 1]! += self[i]!;
  }
  const rows: HotRow[] = [];
  for (let k = 0; k <= count; k++)
    if (charged[k]! > 0) rows.push({ group: k - 1, charged: charged[k]!, self: own[k]! });
  return rows;
}

/** Plain ranking: self weight by group, idle left out. `charged` is the total, recursion counted once. */
export function rankBySelf(tree: WeightedTree, tables: ProfileTables, groups: Groups): HotRow[] {
  const { parent, frame, self, length } = tree;
  const count = groups.name.length;
  const groupOf = new Int32Array(length);
  for (let i = 0; i < length; i++)
    groupOf[i] = i === 0 || tables.room[frame[i]!] === IDLE ? -1 : groups.of[frame[i]!]!;
  const nested = outermostSame(parent, groupOf, count, length);
  const sum = Float64Array.from(self);
  for (let i = length - 1; i > 0; i--) sum[parent[i]!]! += sum[i]!;
  const total = new Float64Array(count);
  const own = new Float64Array(count);
  for (let i = 1; i < length; i++) {
    const group = groupOf[i]!;
    if (group < 0) continue;
    own[group]! += self[i]!;
    if (nested[i]! < 0) total[group]! += sum[i]!;
  }
  const rows: HotRow[] = [];
  for (let k = 0; k < count; k++)
    if (total[k]! > 0) rows.push({ group: k, charged: total[k]!, self: own[k]! });
  return rows;
}
