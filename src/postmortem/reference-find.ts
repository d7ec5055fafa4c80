import { EDGE } from '../heap/snapshot.ts';
import { type HeapMap, RULE } from './heap-maps.ts';
import type { HeapPage } from './heap-page.ts';
import type { HeapWalk } from './heap-walk.ts';
import { ReferenceNames } from './reference-names.ts';
import { ReferenceSlots } from './reference-slots.ts';
import { isContext } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** An object of the heap, as a walk gives it. */
export interface HeapObject {
  /** Tagged. */
  address: number;
  /** Index in `HeapWalk.maps`. */
  map: number;
  /** Bytes. */
  size: number;
}

/** A reference to an object, with who has it. */
export interface Referrer extends HeapObject {
  /** EDGE value and name, as of `ReferenceNames.each`. */
  type: number;
  name: string | number;
  /** What V8 keeps between the two: elements of an array, properties, the table of a Map. */
  through?: HeapObject;
  /** Of a variable in a context: a function that has it. */
  closure?: HeapObject;
}

export interface Referrers {
  list: Referrer[];
  /** There are more than were listed. */
  isCut: boolean;
}

/** Name of what is in the table of a Map, Set or WeakMap. */
export const ENTRY = 'entry';

/** Of one object: `undefined` and the like are referred to from everywhere, by arrays a million times. */
const MOST = 100_000;

/**
 * Who refers to an object: two passes that look for addresses in all words of the heap, then names for what was found. Dead
 * objects that were not yet collected are among them.
 * @param target tagged address
 * @param isLive leaves out what this denies
 * @param most references that are listed
 */
export function findReferrers(
  v8: V8Reader,
  walk: HeapWalk,
  pages: readonly HeapPage[],
  target: number,
  isLive: (address: number) => boolean = () => true,
  most: number = MOST,
): Referrers {
  const first = findHolders(walk, pages, new Set([target]));
  const direct = first.list.filter(({ address }) => isLive(address));
  const names = new ReferenceNames(v8, walk.maps, new ReferenceSlots(v8));
  // Whose store it is, and which functions have a context, another pass tells.
  const between = new Map(
    direct
      .filter(({ address, map }) => isContext(v8, address) || isStore(v8, walk.maps[map]!))
      .map((holder) => [holder.address, holder]),
  );
  const second =
    between.size === 0 ? { list: [], isCut: false } : findHolders(walk, pages, new Set(between.keys()));
  const list: Referrer[] = [];
  let isCut = first.isCut || second.isCut;
  /** Names under which it was listed already, by holder: one and the same may be found through a store and directly. */
  const listed = new Map<number, Set<string | number>>();
  const add = (one: Referrer): void => {
    let known = listed.get(one.address);
    if (known === undefined) {
      known = new Set();
      listed.set(one.address, known);
    }
    if (known.has(one.name)) return;
    if (list.length < most) {
      known.add(one.name);
      list.push(one);
    } else isCut = true;
  };
  const owned = new Set<number>();
  const closures = new Map<number, HeapObject>();
  for (const owner of second.list.filter(({ address }) => isLive(address))) {
    const stores: HeapObject[] = [];
    const found: { type: number; name: string | number }[] = [];
    let isTable = false;
    names.each(owner.address, owner.map, owner.size, (type, name, to) => {
      const store = between.get(to);
      if (store !== undefined && isContext(v8, to)) {
        if (name === 'context') closures.set(to, owner);
      } else if (store !== undefined) {
        stores.push(store);
        isTable ||= name === 'table';
      }
      // One more than can be listed tells that there are more.
      if (to === target && found.length <= most) found.push({ type, name });
    });
    const [through] = stores;
    if (through === undefined) continue;
    // What is in the table of a Map has no names: who has the table has the entry.
    if (found.length === 0 && isTable) found.push({ type: EDGE.internal, name: ENTRY });
    for (const one of found) add({ ...owner, ...one, through });
    if (found.length > 0) for (const store of stores) owned.add(store.address);
  }
  for (const holder of direct) {
    if (owned.has(holder.address)) continue;
    if (isCut && list.length >= most) break;
    const closure = closures.get(holder.address);
    names.each(holder.address, holder.map, holder.size, (type, name, to) => {
      if (to === target) add({ ...holder, type, name, ...(closure === undefined ? {} : { closure }) });
    });
  }
  return { list, isCut };
}

/** Objects that have one of these addresses in them, whatever for. */
function findHolders(
  walk: HeapWalk,
  pages: readonly HeapPage[],
  wanted: ReadonlySet<number>,
): { list: HeapObject[]; isCut: boolean } {
  // Most words are told apart by their lower halves, tags taken off.
  const lows = new Set([...wanted].map((address) => (address % 2 ** 32) | 0));
  const [only] = lows;
  const isOne = lows.size === 1;
  const list: HeapObject[] = [];
  let isCut = false;
  /** The large object that goes on in the next batch. */
  let open: HeapObject | undefined;
  walk.walk(pages, ({ words, base, length, offsets, maps, sizes, count, continues }) => {
    if (Number.isNaN(continues)) open = undefined;
    let at = -1;
    const end = length >> 2;
    for (let word = 0; word < end; word += 2) {
      const low = words[word]! & ~2;
      if (isOne ? low !== only : (low & 7) !== 1 || !lows.has(low)) continue;
      if (!wanted.has(words[word + 1]! * 2 ** 32 + (low >>> 0))) continue;
      while (at + 1 < count && offsets[at + 1]! <= word * 4) at++;
      const isIn = at >= 0 && word * 4 < offsets[at]! + sizes[at]!;
      const holder = isIn
        ? { address: base + offsets[at]! + 1, map: maps[at]!, size: sizes[at]! }
        : at < 0
          ? open
          : undefined;
      if (holder === undefined || list.at(-1)?.address === holder.address) continue;
      if (list.length >= MOST) isCut = true;
      else list.push(holder);
    }
    const last = count - 1;
    if (last >= 0 && offsets[last]! + sizes[last]! > length)
      open = { address: base + offsets[last]! + 1, map: maps[last]!, size: sizes[last]! };
  });
  return { list, isCut };
}

/** The object that begins at an address (tagged); undefined: none does. */
export function objectAt(
  walk: HeapWalk,
  pages: readonly HeapPage[],
  address: number,
): HeapObject | undefined {
  const page = pages.filter(({ areaStart, areaEnd }) => address > areaStart && address < areaEnd);
  let found: HeapObject | undefined;
  walk.walk(page, ({ base, offsets, maps, sizes, count }) => {
    for (let i = 0; i < count; i++)
      if (base + offsets[i]! + 1 === address) found = { address, map: maps[i]!, size: sizes[i]! };
  });
  return found;
}

/** Is it what V8 keeps elements, properties or entries of another object in? */
export function isStore({ layout }: V8Reader, { rule, type }: HeapMap): boolean {
  // Tables of hashes have types that metadata has no names for.
  return rule === RULE.fixedArray || rule === RULE.propertyArray || !layout.typeNames.has(type);
}
