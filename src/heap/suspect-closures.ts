import { formatBytes } from '../base/quantity.ts';
import { findHolders } from './find-holders.ts';
import { isInternalFile } from './heap-values.ts';
import { contextOwner, eachRetainer, placeOfFunction, placeText } from './path-names.ts';
import { EDGE, NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import { NodeGroups, type Survey } from './suspect-survey.ts';

/** Fewer contexts of one function are no accumulation: a few long-lived closures are how programs are written. */
const LEAST_CONTEXTS = 10;
/** Contexts whose variables are weighed. */
const SAMPLE = 500;

/**
 * Variables that closures keep: contexts grouped by the scope they belong to (ScopeInfo), their retained sizes summed. From
 * ten contexts of one function that together keep `threshold` on. All closures of one call share one context, so a
 * small one keeps what only another one needs: the variable that keeps most is named. Contexts of modules are left out:
 * there is one each, and what they hold is found as accumulation.
 */
export function findClosures(survey: Survey): Candidate[] {
  const { heap, threshold } = survey;
  const found: Candidate[] = [];
  for (const [scope, nodes] of survey.contextsByScope()) {
    if (nodes.length < LEAST_CONTEXTS) break;
    if (scope < 0) continue;
    const roots = topmost(heap, nodes);
    const bytes = retainedOf(heap, roots);
    if (bytes < threshold) continue;
    const owner = contextOwner(heap, roots[0] as number);
    if ((owner.isModule && !owner.isBlock) || isInternalFile(owner.file)) continue;
    const place = owner.isModule ? undefined : placeOfFunction(heap, owner.shared);
    const variable = largestVariable(survey, roots);
    const closure = keeper(survey, roots);
    found.push({
      detector: 'closures',
      what: closure.name === '' ? `closure in ${place?.function || 'a function'}` : `closure ${closure.name}`,
      count: roots.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: -1,
      ...(closure.nodes.length > 0 ? { holders: findHolders(heap, closure.nodes) } : {}),
      place: place ?? closure.place,
      evidence:
        variable === undefined
          ? []
          : [
              `variable ${variable.name} of ${placeText(place ?? closure.place)} is most of it: ${formatBytes(variable.bytes / variable.looked)} each`,
            ],
      advice:
        'all closures of one call share its variables: take what the closure needs into a function of its own',
    });
  }
  return found;
}

function largestVariable(
  { heap }: Survey,
  contexts: Uint32Array,
): { name: string; bytes: number; looked: number } | undefined {
  const { firstEdge, edgeTarget, edgeName, strings } = heap.snapshot;
  const bytes = new Map<number, number>();
  const looked = Math.min(SAMPLE, contexts.length);
  for (let i = 0; i < looked; i++) {
    const context = contexts[i] as number;
    for (let edge = firstEdge[context] as number; edge < (firstEdge[context + 1] as number); edge++) {
      const target = edgeTarget[edge] as number;
      if ((target & 7) !== EDGE.context) continue;
      const name = edgeName[edge] as number;
      const node = target >>> 3;
      if (heap.graph.dominator[node] !== context) continue;
      bytes.set(name, (bytes.get(name) ?? 0) + heap.graph.retained.get(node));
    }
  }
  const [top] = [...bytes].sort((a, b) => b[1] - a[1]);
  return top === undefined ? undefined : { name: strings.get(top[0]), bytes: top[1], looked };
}

/** The closure by which most of the contexts are kept. */
function keeper(
  { heap, values }: Survey,
  contexts: Uint32Array,
): { name: string; nodes: Uint32Array; place: ReturnType<typeof placeOfFunction> } {
  const groups = new NodeGroups();
  for (const context of contexts.subarray(0, 2000))
    eachRetainer(
      heap,
      context,
      (edge, source) => {
        if (
          heap.snapshot.nodeType[source] === NODE.closure &&
          heap.snapshot.edgeName[edge] === values.name('context')
        )
          groups.add(values.functionOf(source), source);
        return false;
      },
      50,
    );
  const [top] = groups.largest();
  if (top === undefined) return { name: '', nodes: new Uint32Array(0), place: undefined };
  return { name: values.functionName(top[0]), nodes: top[1], place: placeOfFunction(heap, top[0]) };
}
