import { isInternalFile } from './heap-values.ts';
import { findHolderPlace } from './holder-place.ts';
import { placeOfFunction, placeText } from './path-names.ts';
import { EDGE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import { NodeGroups, type Survey } from './suspect-survey.ts';

/** Timers of one function that are many however little they keep: each also costs time when it fires. */
const MANY = 200;
/** Functions looked at, those with most first. */
const MOST_GROUPS = 100;
/** Fewer are no accumulation, however much they keep. */
const FEW = 10;

/**
 * Timers (`Timeout`, `Immediate`) of one callback: from 200 on, or from 10 when they keep `threshold`. Timers that ended are not
 * counted (their callback is gone), nor those of Node itself.
 */
export function findTimers(survey: Survey): Candidate[] {
  const { heap, values, timers, threshold } = survey;
  const groups = new NodeGroups();
  for (const timer of timers) {
    let callback = values.target(timer, EDGE.property, '_onTimeout');
    if (callback < 0) callback = values.target(timer, EDGE.property, '_onImmediate');
    if (callback < 0) continue;
    const shared = values.functionOf(values.unbound(callback));
    if (shared >= 0) groups.add(shared, timer);
  }
  const found: Candidate[] = [];
  for (const [shared, nodes] of groups.largest().slice(0, MOST_GROUPS)) {
    if (nodes.length < FEW) break;
    const place = placeOfFunction(heap, shared);
    if (place === undefined || isInternalFile(place.file)) continue;
    const roots = topmost(heap, nodes);
    const bytes = retainedOf(heap, roots);
    if (bytes < threshold && nodes.length < MANY) continue;
    const first = nodes[0] as number;
    const callback = values.target(first, EDGE.property, '_onTimeout');
    const maker = callback < 0 ? undefined : findHolderPlace(heap, undefined, [], values.unbound(callback));
    const kind = values.textOf(first);
    found.push({
      detector: 'timers',
      what: `${kind} of ${place.function || 'a function'}`,
      count: nodes.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: heap.classes.of[first] as number,
      holders: [
        {
          node: first,
          text: `${kind}s of ${placeText(place)}`,
          kind: 'timers',
          held: nodes.length,
          place,
          path: [],
        },
      ],
      place: maker ?? place,
      evidence: [`callback ${placeText(place)}`],
      advice: 'clear timers that are no longer needed: clearInterval, clearTimeout',
    });
  }
  return found;
}
