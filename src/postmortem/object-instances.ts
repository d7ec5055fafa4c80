import type { HeapPages } from './heap-page.ts';
import { HeapWalk, type WalkLosses } from './heap-walk.ts';
import { buildObjectClass, type ObjectClass, SparseShapes } from './object-class.ts';
import type { ObjectCondition } from './object-condition.ts';
import { ObjectFields } from './object-fields.ts';
import { readValue } from './read-value.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';

/** One object: its address (tagged) is its id, in a core for good. */
export interface Instance {
  address: number;
  /** Of the object itself. */
  bytes: number;
  /** With its properties, one level. */
  value: Value;
}

export interface Instances {
  /** Of the class, as the histogram counts them. */
  total: number;
  /** Of those, for which the conditions hold. */
  matched: number;
  /** By address, after `skip`. */
  list: Instance[];
  losses: WalkLosses;
  /** Names of other classes that are like the one asked for, when there is none of that name. */
  similar: string[];
}

export interface InstanceOptions {
  where?: readonly ObjectCondition[];
  /** Default 0. */
  skip?: number;
  /** Default 20. */
  most?: number;
  /** Properties of each; default 100. */
  mostProperties?: number;
  mostText?: number;
  /** Only what this says is in use. */
  isLive?: (address: number) => boolean;
  walk?: HeapWalk;
}

const UNKNOWN = 0;
const WANTED = 1;
const OTHER = 2;
/** Objects of this map have names of their own. */
const SPARSE = 3;
const MOST_SIMILAR = 8;

/** Lists the objects of a class by its name in the histogram: `Session`, `{id,name}`, `(FixedArray)`. One pass over the heap. */
export function listInstances(
  v8: V8Reader,
  pages: HeapPages,
  name: string,
  options: InstanceOptions = {},
): Instances {
  const { where = [], skip = 0, most = 20, isLive } = options;
  const walk = options.walk ?? new HeapWalk(v8);
  const fields = new ObjectFields(v8);
  const found: { address: number; bytes: number }[] = [];
  const names = new Set<string>();
  const shapes = new SparseShapes(v8);
  const leads = new Map<number, string>();
  let states = new Uint8Array(4096);
  let total = 0;
  let matched = 0;
  const parts = [...pages.isolates.map((isolate) => isolate.pages), pages.readOnly];
  for (const part of parts) {
    walk.walk(part, (batch) => {
      if (walk.maps.length > states.length) {
        const more = new Uint8Array(walk.maps.length * 2);
        more.set(states);
        states = more;
      }
      const { count, maps, offsets, sizes, base } = batch;
      for (let i = 0; i < count; i++) {
        const map = maps[i]!;
        if (states[map] === OTHER) continue;
        const address = base + offsets[i]! + 1;
        if (states[map] === UNKNOWN) {
          const kind = buildObjectClass(v8, walk.maps[map]!, address);
          if (kind.isSparse === true) {
            leads.set(map, kind.name);
            states[map] = SPARSE;
          } else {
            names.add(kind.name);
            states[map] = isWanted(kind, name) ? WANTED : OTHER;
          }
          if (states[map] === OTHER) continue;
        }
        if (states[map] === SPARSE) {
          const lead = leads.get(map)!;
          if (!name.startsWith(lead) || lead + shapes.nameOf(address) !== name) continue;
        }
        if (isLive !== undefined && !isLive(address)) continue;
        total++;
        if (where.length > 0 && !fields.matches(address, where)) continue;
        if (matched >= skip && found.length < most) found.push({ address, bytes: sizes[i]! });
        matched++;
      }
    });
  }
  const limits = {
    depth: 1,
    mostProperties: options.mostProperties ?? 100,
    mostText: options.mostText ?? 200,
  };
  return {
    total,
    matched,
    list: found.map((one) => ({ ...one, value: readValue(v8, one.address, limits) })),
    losses: { ...walk.losses },
    similar: total > 0 ? [] : similarNames(names, name),
  };
}

function isWanted(kind: ObjectClass, name: string): boolean {
  return kind.name === name || (kind.group !== '' && `(${kind.group})` === name);
}

function similarNames(names: Iterable<string>, wanted: string): string[] {
  const low = wanted.toLowerCase().replace(/\s/g, '');
  const score = (name: string): number => {
    const other = name.toLowerCase().replace(/\s/g, '');
    if (other === low) return 0;
    if (other.startsWith(low)) return 1;
    return other.includes(low) || (other.length > 2 && low.includes(other)) ? 2 : 3;
  };
  return [...names]
    .map((name) => ({ name, score: score(name) }))
    .filter((one) => one.score < 3)
    .sort((a, b) => a.score - b.score || a.name.length - b.name.length)
    .slice(0, MOST_SIMILAR)
    .map((one) => one.name);
}
