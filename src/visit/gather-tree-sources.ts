import type { CallTree } from '../cpu/call-tree.ts';
import { aggregateFiles } from '../cpu/functions.ts';
import type { SourcesFile } from '../source-map/collect-sources.ts';
import { gatherScripts } from './gather-sources.ts';

/** Source texts and maps of the scripts a call tree speaks of, read as the target sees its files. */
export function gatherTreeSources(
  tree: CallTree,
  pid: number | undefined,
  roots: readonly string[],
): Promise<SourcesFile> {
  const whole = Math.max(1e-9, tree.total[0] ?? 0);
  const weights = new Map<string, number>();
  for (const { name, party, total } of aggregateFiles(tree))
    if (party === 'user') weights.set(name, Math.max(0.003, total / whole));
  return gatherScripts(weights, pid, roots);
}
