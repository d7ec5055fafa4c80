import type { Place } from './place.ts';

/** Scripts of a snapshot and what stands in them: ids of `Snapshot.locations` → names, found through closures (closure → shared → script). */
export interface ScriptTable {
  /** Path or URL of a script (`file://` taken off), '' when the snapshot does not tell. */
  fileOf(scriptId: number): string;
  /** Where the function or the constructor of an object stands; undefined when the snapshot does not tell. */
  placeOf(node: number): Place | undefined;
  /** npm package of a node's location: '' for the user's own code, undefined unknown, `node` for Node's own. */
  packageOf(node: number): string | undefined;
}
