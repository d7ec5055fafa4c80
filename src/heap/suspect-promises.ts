import { findHolders } from './find-holders.ts';
import { isInternalFile } from './heap-values.ts';
import { placeOfFunction, placeText } from './path-names.ts';
import { EDGE, NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import { NodeGroups, type Survey } from './suspect-survey.ts';

/** Waits for the same thing that are many however little they keep: more than a busy server has in flight. */
const MANY = 500;
/** Functions looked at, those with most first. */
const MOST_GROUPS = 100;
/** Fewer are no accumulation. */
const FEW = 50;

/**
 * Promises that something waits for and that are still pending: those with a reaction (`reactions_or_result` → PromiseReaction).
 * They are counted by what waits, the async function that awaits or the callback given to `then`: from 500 on, or from 50
 * when they keep `threshold`.
 */
export function findPendingPromises(survey: Survey): Candidate[] {
  const { heap, values, promises, threshold } = survey;
  const groups = new NodeGroups();
  for (const promise of promises) {
    const reaction = values.target(promise, EDGE.internal, 'reactions_or_result');
    if (reaction < 0 || !values.isNamed(reaction, 'system / PromiseReaction')) continue;
    const waiter = waiterOf(survey, reaction);
    if (waiter >= 0) groups.add(waiter, promise);
  }
  const found: Candidate[] = [];
  for (const [shared, nodes] of groups.largest().slice(0, MOST_GROUPS)) {
    if (nodes.length < FEW) break;
    const place = placeOfFunction(heap, shared);
    if (place === undefined || isInternalFile(place.file)) continue;
    const roots = topmost(heap, nodes);
    const bytes = retainedOf(heap, roots);
    if (bytes < threshold && nodes.length < MANY) continue;
    found.push({
      detector: 'pending-promises',
      what: `pending Promise in ${place.function || 'a function'}`,
      count: nodes.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: heap.classes.of[nodes[0] as number] as number,
      holders: findHolders(heap, nodes),
      place,
      evidence: [`${placeText(place)} waits for them`],
      advice: 'what never answers needs a time limit: AbortSignal.timeout, Promise.race',
    });
  }
  return found;
}

/** The function that goes on when the promise settles: an async function (its generator hangs on the context of V8's own closures), or a callback. −1. */
function waiterOf({ heap, values }: Survey, reaction: number): number {
  const { firstEdge, edgeTarget, nodeType } = heap.snapshot;
  for (let edge = firstEdge[reaction] as number; edge < (firstEdge[reaction + 1] as number); edge++) {
    const target = (edgeTarget[edge] as number) >>> 3;
    if (values.isNamed(target, 'Generator') || values.isNamed(target, 'AsyncGenerator'))
      return generatorFunction(values.target(target, EDGE.internal, 'function'));
    if (nodeType[target] !== NODE.closure) continue;
    const shared = values.functionOf(values.unbound(target));
    if (!isInternalFile(values.scriptOf(shared))) return shared;
    const context = values.target(target, EDGE.internal, 'context');
    if (context < 0) continue;
    const generator = values.target(context, EDGE.internal, 'extension');
    if (generator >= 0) {
      const waits = generatorFunction(values.target(generator, EDGE.internal, 'function'));
      if (waits >= 0) return waits;
    }
  }
  return -1;

  function generatorFunction(closure: number): number {
    return closure < 0 ? -1 : values.functionOf(closure);
  }
}
