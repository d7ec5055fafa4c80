import { formatNumber } from '../base/quantity.ts';
import { isInternalFile } from './heap-values.ts';
import { NodeList } from './node-list.ts';
import { shortFile } from './path-names.ts';
import { NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** Two copies are a reload or two versions; from here on the file is loaded again and again. */
const MANY = 10;

/**
 * The same file loaded more than once: scripts of one path with different ids among the functions of the heap. From ten
 * copies on, or two that keep `threshold` (by their functions, their module contexts and the objects of their classes).
 */
export function findDuplicateModules(survey: Survey): Candidate[] {
  const { heap, values, threshold } = survey;
  const { locations, nodeType } = heap.snapshot;
  const rowsOf = new Map<number, NodeList>();
  for (let row = 0; row < locations.node.length; row++) {
    const script = locations.script[row] as number;
    let list = rowsOf.get(script);
    if (list === undefined) {
      list = new NodeList();
      rowsOf.set(script, list);
    }
    list.push(locations.node[row] as number);
  }
  const files = new Map<string, number[]>();
  for (const script of rowsOf.keys()) {
    const file = heap.scripts.fileOf(script);
    if (isInternalFile(file) || !/[/\\.]/.test(file)) continue;
    const known = files.get(file);
    if (known === undefined) files.set(file, [script]);
    else known.push(script);
  }
  const found: Candidate[] = [];
  for (const [file, scripts] of files) {
    if (scripts.length < 2) continue;
    const list = new NodeList();
    for (const script of scripts)
      for (const node of (rowsOf.get(script) as NodeList).nodes) {
        list.push(node);
        if (nodeType[node] !== NODE.closure) continue;
        const context = values.target(node, 3, 'context');
        if (context >= 0 && values.isContext(context)) list.push(context);
      }
    const roots = topmost(heap, list.nodes);
    const bytes = retainedOf(heap, roots);
    if (scripts.length < MANY && bytes < threshold) continue;
    const first = (rowsOf.get(scripts[0] as number) as NodeList).nodes[0] as number;
    const place = heap.scripts.placeOf(first);
    found.push({
      detector: 'duplicate-modules',
      what: `copies of ${shortFile(file)}`,
      count: scripts.length,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: -1,
      place: place === undefined ? undefined : { ...place, function: '', line: 1, column: 1 },
      evidence: [`the file is loaded ${formatNumber(scripts.length)} times in this heap`],
      advice: 'load a module once; look for deleted entries of require.cache, import("…?query"), vm contexts',
    });
  }
  return found;
}
