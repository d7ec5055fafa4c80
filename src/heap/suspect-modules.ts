import { formatNumber } from '../base/quantity.ts';
import { isInternalFile } from './heap-values.ts';
import { NodeList } from './node-list.ts';
import { contextOwner, moduleFile, shortFile } from './path-names.ts';
import { EDGE, NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** Two copies are a reload or two versions; from here on the file is loaded again and again. */
const MANY = 10;
/** Files claimed, those that keep most. */
const MOST_FILES = 50;

interface Copies {
  scripts: number;
  modules: number;
  /** Contexts of one module scope: V8 compiles equal source once (from Node 22), and runs it for each copy. */
  contexts: number;
  nodes: NodeList;
}

/**
 * The same file loaded more than once: scripts of one path with different ids, several `Module` objects of one file name, or
 * several contexts of one module scope. From ten copies on, or two that keep `threshold` by their functions, contexts,
 * modules and the objects of their classes.
 */
export function findDuplicateModules(survey: Survey): Candidate[] {
  const { heap, threshold } = survey;
  const files = new Map<string, Copies>();
  const copiesOf = (file: string): Copies => {
    let copies = files.get(file);
    if (copies === undefined) {
      copies = { scripts: 0, modules: 0, contexts: 0, nodes: new NodeList() };
      files.set(file, copies);
    }
    return copies;
  };
  countModules(survey, copiesOf);
  countContexts(survey, copiesOf);
  countScripts(survey, copiesOf);
  const found: Candidate[] = [];
  for (const [file, { scripts, modules, contexts, nodes }] of files) {
    const copies = Math.max(scripts, modules, contexts);
    if (copies < 2) continue;
    const roots = topmost(heap, nodes.nodes);
    const bytes = retainedOf(heap, roots);
    if (copies < MANY && bytes < threshold) continue;
    found.push({
      detector: 'duplicate-modules',
      what: `copies of ${shortFile(file)}`,
      count: copies,
      bytes,
      bytesAre: 'retained',
      roots,
      classRow: -1,
      place: { function: '', file, line: 1, column: 1, package: '' },
      evidence: [`the file is loaded ${formatNumber(copies)} times in this heap`],
      advice: 'load a module once; look for deleted entries of require.cache, import("…?query"), vm contexts',
    });
  }
  return found.sort((a, b) => b.bytes - a.bytes).slice(0, MOST_FILES);
}

function countModules({ heap, modules }: Survey, copiesOf: (file: string) => Copies): void {
  for (const module of modules) {
    const file = moduleFile(heap, module);
    if (file === '') continue;
    const copies = copiesOf(file);
    copies.modules++;
    copies.nodes.push(module);
  }
}

function countContexts({ heap, contextsByScope }: Survey, copiesOf: (file: string) => Copies): void {
  for (const [scope, contexts] of contextsByScope()) {
    if (contexts.length < 2) break;
    if (scope < 0) continue;
    const owner = contextOwner(heap, contexts[0] as number);
    if (!owner.isModule || owner.isBlock || isInternalFile(owner.file)) continue;
    const copies = copiesOf(owner.file);
    copies.contexts = Math.max(copies.contexts, contexts.length);
    for (const context of contexts) copies.nodes.push(context);
  }
}

function countScripts({ heap, values }: Survey, copiesOf: (file: string) => Copies): void {
  const { locations, nodeType } = heap.snapshot;
  const scripts = new Map<string, Set<number>>();
  for (const script of new Set(locations.script)) {
    const file = heap.scripts.fileOf(script);
    if (isInternalFile(file) || !/[/\\.]/.test(file)) continue;
    const known = scripts.get(file);
    if (known === undefined) scripts.set(file, new Set([script]));
    else known.add(script);
  }
  const copied = new Map<number, Copies>();
  for (const [file, ids] of scripts) {
    if (ids.size < 2) continue;
    const copies = copiesOf(file);
    copies.scripts = ids.size;
    for (const id of ids) copied.set(id, copies);
  }
  if (copied.size === 0) return;
  for (let row = 0; row < locations.node.length; row++) {
    const copies = copied.get(locations.script[row] as number);
    if (copies === undefined) continue;
    const node = locations.node[row] as number;
    copies.nodes.push(node);
    if (nodeType[node] !== NODE.closure) continue;
    const context = values.target(node, EDGE.internal, 'context');
    if (context >= 0 && values.isContext(context)) copies.nodes.push(context);
  }
}
