import type { DeoptSite } from './deopt-log.ts';
import type { PlaceOf, ScriptPosition } from './record-deopt-places.ts';

/** One deoptimisation as it was found in a look; `address` tells those of one place apart. */
export interface FoundDeopt {
  address: number;
  reason: string;
  /** Innermost first. */
  frames: readonly ScriptPosition[];
}

/** Deoptimisations of one place for one reason, by what is new in each look after the first. */
export interface CountedDeopt {
  reason: string;
  frames: readonly ScriptPosition[];
  counts: number[];
}

/**
 * Counts what every look shows that the one before did not. The profile of an earlier visit may have left records in
 * freed memory, and the beginning of a profile causes deoptimisations of its own: the first look takes both out.
 */
export function countDeopts(looks: readonly (readonly FoundDeopt[])[]): CountedDeopt[] {
  const byKey = new Map<string, CountedDeopt>();
  const identities = looks.map((look) => new Set(look.map(identityOf)));
  for (let at = 1; at < looks.length; at++) {
    for (const deopt of looks[at]!) {
      if (identities[at - 1]!.has(identityOf(deopt))) continue;
      const key = keyOf(deopt);
      let counted = byKey.get(key);
      if (counted === undefined) {
        const { reason, frames } = deopt;
        counted = { reason, frames, counts: new Array<number>(looks.length - 1).fill(0) };
        byKey.set(key, counted);
      }
      counted.counts[at - 1]!++;
    }
  }
  return [...byKey.values()].sort((a, b) => sum(b.counts) - sum(a.counts));
}

/** Sites whose own function is in a script of the program's; frames built into it that cannot be placed are left out. */
export function placeDeopts(counted: readonly CountedDeopt[], placeOf: PlaceOf, most = 200): DeoptSite[] {
  const sites: DeoptSite[] = [];
  for (const { reason, frames, counts } of counted) {
    if (sites.length === most) break;
    const outer = frames.at(-1);
    const owner = outer === undefined ? undefined : placeOf(outer);
    if (owner === undefined) continue;
    const inner = frames.slice(0, -1).flatMap((frame) => placeOf(frame) ?? []);
    sites.push({ reason, frames: [...inner, owner], counts });
  }
  return sites;
}

function identityOf(deopt: FoundDeopt): string {
  return `${deopt.address} ${keyOf(deopt)}`;
}

function keyOf({ reason, frames }: FoundDeopt): string {
  return `${reason} ${frames.map(({ scriptId, position }) => `${scriptId}:${position}`).join(' ')}`;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
