import { GC, IDLE, type ProfileTables, USER } from './profile-tables.ts';

/** One row of the table. `frame` −1: time without a caller in the user's code. */
export interface HotRow {
  frame: number;
  /** Own time plus that of the native, core and dependency frames it called. */
  charged: number;
  self: number;
}

/**
 * Time charged to the function of the user that asked for it: every node's self weight goes to the closest user
 * frame above (or itself). GC belongs to nobody's line and keeps a row of its own; idle is nobody's time.
 */
export function chargeToUserCode(tables: ProfileTables, self: Float64Array): HotRow[] {
  const { parent, frame, room } = tables;
  const owner = new Int32Array(tables.length).fill(-1);
  const charged = new Map<number, number>();
  const own = new Map<number, number>();
  for (let i = 0; i < tables.length; i++) {
    const r = room[frame[i]!]!;
    owner[i] = r === USER || r === GC ? frame[i]! : i === 0 ? -1 : owner[parent[i]!]!;
    const weight = self[i]!;
    if (weight === 0 || r === IDLE || (i === 0 && weight === 0)) continue;
    charged.set(owner[i]!, (charged.get(owner[i]!) ?? 0) + weight);
    if (owner[i] === frame[i]) own.set(frame[i]!, (own.get(frame[i]!) ?? 0) + weight);
  }
  return [...charged].map(([key, weight]) => ({ frame: key, charged: weight, self: own.get(key) ?? 0 }));
}

/** Plain ranking: self weight by function, idle left out. `charged` is the total, recursion counted once. */
export function rankBySelf(tables: ProfileTables, self: Float64Array): HotRow[] {
  const { parent, frame, room } = tables;
  const own = new Map<number, number>();
  for (let i = 1; i < tables.length; i++) {
    if (self[i] === 0 || room[frame[i]!] === IDLE) continue;
    own.set(frame[i]!, (own.get(frame[i]!) ?? 0) + self[i]!);
  }
  const total = totalsByFrame(parent, frame, self, tables.length);
  return [...own].map(([key, weight]) => ({ frame: key, charged: total.get(key) ?? weight, self: weight }));
}

function totalsByFrame(
  parent: Int32Array,
  frame: Int32Array,
  self: Float64Array,
  length: number,
): Map<number, number> {
  const total = Float64Array.from(self);
  for (let i = length - 1; i > 0; i--) total[parent[i]!]! += total[i]!;
  // A frame below itself must not count twice. `last[f]` is a stack in disguise: preorder does not hold here, so the
  // chain upward is walked, but only for frames that were met before.
  const seen = new Uint8Array(frame.length === 0 ? 0 : frame.reduce((a, b) => Math.max(a, b), 0) + 1);
  const out = new Map<number, number>();
  for (let i = 1; i < length; i++) {
    const f = frame[i]!;
    let nested = false;
    if (seen[f]) for (let up = parent[i]!; up > 0 && !nested; up = parent[up]!) nested = frame[up] === f;
    seen[f] = 1;
    if (!nested) out.set(f, (out.get(f) ?? 0) + total[i]!);
  }
  return out;
}
