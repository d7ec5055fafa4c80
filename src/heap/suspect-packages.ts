import { formatBytes, formatNumber } from '../base/quantity.ts';
import { NodeList } from './node-list.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** A package is a suspect of its own from this part of the heap on. */
const LEAST_SHARE = 0.15;
/** Classes it must have: what one class keeps is found as accumulation, with the package beside it. */
const LEAST_CLASSES = 3;

/**
 * Packages that keep much by many classes: objects are of the package their constructor stands in; the retained sizes of
 * those not below another one of the package are summed. From 15 % of the heap (and `threshold`) in three or more classes
 * on. One pass over `locations`.
 */
export function findPackages(survey: Survey): Candidate[] {
  const { heap, threshold, total } = survey;
  const { locations, nodeType } = heap.snapshot;
  const ofScript = new Map<number, string>();
  const lists = new Map<string, NodeList>();
  for (let row = 0; row < locations.node.length; row++) {
    const script = locations.script[row] as number;
    let name = ofScript.get(script);
    if (name === undefined) {
      name = heap.scripts.packageOf(locations.node[row] as number) ?? '';
      ofScript.set(script, name);
    }
    if (name === '' || name === 'node') continue;
    // Functions stand in every package; objects are what gathers.
    if (nodeType[locations.node[row] as number] === 5) continue;
    let list = lists.get(name);
    if (list === undefined) {
      list = new NodeList();
      lists.set(name, list);
    }
    list.push(locations.node[row] as number);
  }
  const found: Candidate[] = [];
  for (const [name, list] of lists) {
    const roots = topmost(heap, list.nodes);
    const bytes = retainedOf(heap, roots);
    if (bytes < Math.max(threshold, LEAST_SHARE * total)) continue;
    const classes = new Map<number, { count: number; bytes: number }>();
    for (const node of roots) {
      const row = heap.classes.of[node] as number;
      const known = classes.get(row) ?? { count: 0, bytes: 0 };
      known.count++;
      known.bytes += heap.graph.retained.get(node);
      classes.set(row, known);
    }
    const rows = [...classes].sort((a, b) => b[1].bytes - a[1].bytes);
    if (rows.length < LEAST_CLASSES || (rows[0]?.[1].bytes ?? 0) > 0.7 * bytes) continue;
    found.push({
      detector: 'packages',
      what: `package ${name}`,
      count: roots.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: -1,
      place: heap.scripts.placeOf(roots[0] as number),
      evidence: rows
        .slice(0, 4)
        .map(
          ([row, { count, bytes: each }]) =>
            `${heap.classes.name[row] ?? '(other)'} × ${formatNumber(count)}, ${formatBytes(each)}`,
        ),
      advice: '',
    });
  }
  return found;
}
