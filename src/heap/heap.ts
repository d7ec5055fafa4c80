import { buildClasses } from './build-classes.ts';
import { buildScripts } from './build-scripts.ts';
import type { ClassTable } from './class-table.ts';
import type { HeapGraph } from './heap-graph.ts';
import { buildRetainers, type Retainers } from './retainers.ts';
import type { ScriptTable } from './script-table.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * A heap snapshot opened for questions: columns of the file, what follows from its references, and tables that are made
 * when first asked for. All that judges, compares, queries or draws a heap takes one of these.
 */
export interface Heap {
  readonly snapshot: Snapshot;
  readonly graph: HeapGraph;
  /** Made on first use. */
  readonly classes: ClassTable;
  readonly retainers: Retainers;
  readonly scripts: ScriptTable;
  /** Answers by question, kept in the index: what an earlier run worked out of all nodes and showed first. */
  readonly answers: Map<string, unknown>;
  /**
   * Set when an index is being written beside the file, which begins once the heap is there: undefined when it is written,
   * else the reason why not. Never rejects. A process that ends before loses the index and nothing else.
   */
  readonly indexWritten?: Promise<string | undefined>;
}

export function makeHeap(
  snapshot: Snapshot,
  graph: HeapGraph,
  answers: Map<string, unknown> = new Map(),
  indexWritten?: Promise<string | undefined>,
): Heap {
  let classes: ClassTable | undefined;
  let retainers: Retainers | undefined;
  let scripts: ScriptTable | undefined;
  const getScripts = (): ScriptTable => {
    scripts ??= buildScripts(snapshot);
    return scripts;
  };
  return {
    snapshot,
    graph,
    answers,
    ...(indexWritten === undefined ? {} : { indexWritten }),
    get classes() {
      classes ??= buildClasses(snapshot, graph, getScripts);
      return classes;
    },
    get retainers() {
      retainers ??= buildRetainers(snapshot);
      return retainers;
    },
    get scripts() {
      return getScripts();
    },
  };
}
