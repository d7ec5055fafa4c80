import { type IdMatch, NOT_THERE } from './compare-ids.ts';
import { NODE, type Snapshot } from './snapshot.ts';

/** Are two snapshots of one process, so that an id means the same object in both? */
export interface SameProcess {
  same: boolean;
  /** As a sentence: `1000 of 1000 objects with the same id have the same type and name`. */
  reason: string;
  /** The second file is the older one: all that the first has beyond it came later. */
  swapped: boolean;
}

const SAMPLE = 1000;
/** Fewer common ids say nothing. */
const LEAST_COMMON = 20;
/** Measured, Node 18 to 26: 100 % within one process; 10 to 94 % between two runs of the same small program. */
const AGREEMENT = 0.98;

/**
 * No file says which process it is of. Ids of JS objects are counted up, so two processes have nearly all of them in
 * common, but not for the same things: the objects behind a sample of common odd ids are compared by type and name (and
 * strings by size too, their names are cut).
 */
export function detectSameProcess(older: Snapshot, newer: Snapshot, match: IdMatch): SameProcess {
  // Spread over the whole file: what Node creates at its start has the same ids everywhere.
  let sampled = 0;
  let agreed = 0;
  const step = Math.max(1, newer.nodeCount / SAMPLE);
  for (let at = 0, node = 0; at < newer.nodeCount; at += step) {
    // From here on the next that tells something; a stretch without one is sampled less.
    node = Math.max(node, Math.floor(at));
    while (node < newer.nodeCount && !isSample(older, newer, match, node)) node++;
    if (node >= newer.nodeCount) break;
    sampled++;
    if (looksSame(older, match.before[node] as number, newer, node)) agreed++;
    node++;
  }
  if (sampled < LEAST_COMMON)
    return { same: false, reason: `only ${sampled} object ids are in both files`, swapped: false };
  const same = agreed / sampled >= AGREEMENT;
  return {
    same,
    reason: `${agreed} of ${sampled} objects with the same id have the same type and name`,
    swapped: same && match.lastOlder > match.lastNewer,
  };
}

/** Kinds whose name tells them apart: hidden nodes and arrays are all called alike. */
function isSample(older: Snapshot, newer: Snapshot, match: IdMatch, node: number): boolean {
  const before = match.before[node] as number;
  if (before === NOT_THERE || ((newer.nodeId[node] as number) & 1) === 0) return false;
  return tellsApart(newer.nodeType[node] as number) || tellsApart(older.nodeType[before] as number);
}

function tellsApart(type: number): boolean {
  return type === NODE.object || type === NODE.string || type === NODE.closure || type === NODE.native;
}

function looksSame(older: Snapshot, before: number, newer: Snapshot, node: number): boolean {
  const type = newer.nodeType[node] as number;
  if (older.nodeType[before] !== type) return false;
  if (type === NODE.string && older.selfSize.get(before) !== newer.selfSize.get(node)) return false;
  return (
    older.strings.get(older.nodeName[before] as number) === newer.strings.get(newer.nodeName[node] as number)
  );
}
