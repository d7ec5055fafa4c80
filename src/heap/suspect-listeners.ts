import { formatNumber } from '../base/quantity.ts';
import { isInternalFile } from './heap-values.ts';
import type { Holder } from './holder.ts';
import { findHolderPlace } from './holder-place.ts';
import { placeOfFunction, placeText } from './path-names.ts';
import { findPath } from './path-search.ts';
import { describePath, textOfPath } from './retaining-path.ts';
import { EDGE, NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import { NodeGroups, type Survey } from './suspect-survey.ts';

/** Node itself warns when one event of an emitter has more listeners than this (`defaultMaxListeners`). */
const WARNS_ABOVE = 10;
/** Lists that are looked into, the longest first. */
const MOST_LISTS = 50;
/** Different functions for one event are how plug-ins work; from here on they are worth a look. */
const MANY_DIFFERENT = 100;

/**
 * Events with too many listeners: more than ten of the same function for one event of one emitter (Node's own limit, which
 * `setMaxListeners` only silences), or 100 of any. Of EventTargets (AbortSignal): more than ten records of the same callback.
 */
export function findListeners(survey: Survey): Candidate[] {
  const lists = longLists(survey).slice(0, MOST_LISTS);
  const found = lists.flatMap(({ emitter, event, list }) => listClaim(survey, emitter, event, list) ?? []);
  return [...found, ...findTargetListeners(survey)];
}

interface ListenerList {
  emitter: number;
  event: string;
  list: number;
  length: number;
}

/** Events with more listeners than Node warns about, the longest first. */
function longLists({ heap, values, emitters }: Survey): ListenerList[] {
  const { firstEdge, edgeTarget, edgeName, nodeType, strings } = heap.snapshot;
  const found: ListenerList[] = [];
  for (const emitter of emitters) {
    const events = values.target(emitter, EDGE.property, '_events');
    if (events < 0) continue;
    const end = Math.min(firstEdge[events + 1] as number, (firstEdge[events] as number) + 1000);
    for (let edge = firstEdge[events] as number; edge < end; edge++) {
      const target = edgeTarget[edge] as number;
      if ((target & 7) !== EDGE.property || edgeName[edge] === values.name('__proto__')) continue;
      const list = target >>> 3;
      if (nodeType[list] !== NODE.object || !values.isNamed(list, 'Array')) continue;
      const length = (firstEdge[list + 1] as number) - (firstEdge[list] as number);
      if (length <= WARNS_ABOVE) continue;
      found.push({ emitter, event: strings.get(edgeName[edge] as number), list, length });
      if (found.length > 100 * MOST_LISTS) cut();
    }
  }
  cut();
  return found;

  function cut(): void {
    found.sort((a, b) => b.length - a.length);
    if (found.length > MOST_LISTS) found.length = MOST_LISTS;
  }
}

function listClaim(survey: Survey, emitter: number, event: string, list: number): Candidate | undefined {
  const { heap, values } = survey;
  const { firstEdge, edgeTarget } = heap.snapshot;
  const groups = new NodeGroups();
  let all = 0;
  for (let edge = firstEdge[list] as number; edge < (firstEdge[list + 1] as number); edge++) {
    const target = edgeTarget[edge] as number;
    if ((target & 7) !== EDGE.element) continue;
    const listener = original(survey, target >>> 3);
    if (heap.snapshot.nodeType[listener] !== NODE.closure) continue;
    all++;
    groups.add(values.functionOf(listener), target >>> 3);
  }
  const [top] = groups.largest();
  if (top === undefined) return undefined;
  const [shared, nodes] = top;
  if (nodes.length <= WARNS_ABOVE && all < MANY_DIFFERENT) return undefined;
  const place = placeOfFunction(heap, shared);
  const path = findPath(heap, emitter);
  const text = textOfPath(heap, path);
  const maker = findHolderPlace(heap, undefined, [], original(survey, nodes[0] as number));
  // Node's own listeners on Node's own emitters are right however many they are.
  if (
    place === undefined ||
    (isInternalFile(place.file) && (maker === undefined || isInternalFile(maker.file)))
  )
    return undefined;
  const roots = topmost(heap, nodes);
  const holder: Holder = {
    node: emitter,
    text: `listeners of ${text} '${event}'`,
    kind: `${values.textOf(emitter)} listeners`,
    held: nodes.length,
    place: maker ?? place,
    path: describePath(heap, path),
  };
  return {
    detector: 'listeners',
    what: `listener ${place.function || 'function'} of '${event}'`,
    count: nodes.length,
    bytes: retainedOf(heap, roots),
    bytesAre: 'retained',
    roots,
    classRow: -1,
    holders: [holder],
    place: maker ?? place,
    evidence: [
      `${formatNumber(all)} listeners of '${event}', ${formatNumber(nodes.length)} of them the same function ${placeText(place)}`,
    ],
    advice: 'remove listeners that are no longer needed: off(), once(), or { signal }',
    nodes: [emitter],
  };
}

/** What `once` wraps: a bound function with the property `listener`. */
function original({ values }: Survey, listener: number): number {
  const wrapped = values.target(listener, EDGE.property, 'listener');
  return values.unbound(wrapped >= 0 ? wrapped : listener);
}

function findTargetListeners(survey: Survey): Candidate[] {
  const { heap, values, targetListeners } = survey;
  const groups = new NodeGroups();
  for (const record of targetListeners) {
    const callback = values.target(record, EDGE.property, 'callback');
    if (callback < 0 || heap.snapshot.nodeType[callback] !== NODE.closure) continue;
    groups.add(values.functionOf(values.unbound(callback)), record);
  }
  const found: Candidate[] = [];
  for (const [shared, nodes] of groups.largest()) {
    if (nodes.length <= WARNS_ABOVE) break;
    const place = placeOfFunction(heap, shared);
    if (place === undefined || isInternalFile(place.file)) continue;
    const roots = topmost(heap, nodes);
    const bytes = retainedOf(heap, roots);
    // One record on each of many targets is right: only what gathers in memory counts.
    if (bytes < survey.threshold && nodes.length < MANY_DIFFERENT) continue;
    const path = findPath(heap, nodes[0] as number);
    found.push({
      detector: 'listeners',
      what: `listener ${place.function || 'function'} of EventTargets`,
      count: nodes.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: heap.classes.of[nodes[0] as number] as number,
      holders: [
        {
          node: nodes[0] as number,
          text: `EventTarget listeners, one of them ${textOfPath(heap, path)}`,
          kind: 'EventTarget listeners',
          held: nodes.length,
          place,
          path: describePath(heap, path),
        },
      ],
      place,
      evidence: [`${formatNumber(nodes.length)} listeners are the same function ${placeText(place)}`],
      advice: 'remove listeners that are no longer needed, or add them with { once: true } or { signal }',
    });
  }
  return found;
}
