import type { Place } from './place.ts';

/** One step of a retaining path, from the root down: the edge taken and the node it leads to. */
export interface PathStep {
  /** Edge ordinal; −1 for the first step (a root). */
  edge: number;
  node: number;
  /** Edge as words: `sessions`, `[12]`, `<internal> table`, `context variable cache`. */
  edgeText: string;
  /** Class of the node. */
  className: string;
}

/** Who holds objects, in the words of the program. */
export interface Holder {
  /** The container: Array, Map, Set, object, closure context … */
  node: number;
  /** `app.sessions`, `closure variable leaks of pushLeak`, JS syntax where there is one. */
  text: string;
  /** `Map`, `Array`, `closure`, `EventEmitter listeners` … */
  kind: string;
  /** How many of the held objects it holds, directly or through its own backing store. */
  held: number;
  /** Line that belongs to the holder (its closure, its module, the class that owns it); undefined unknown. */
  place: Place | undefined;
  /** `global > module app/session.js > sessions > Map > table > Session`. */
  path: PathStep[];
}
