import type { Command } from 'commander';
import { registerHeapDiff } from './heap-diff.ts';
import { registerHeapExplore } from './heap-explore.ts';
import { registerHeapHistogram } from './heap-histogram.ts';
import { registerHeapQuery } from './heap-query.ts';
import { registerHeapSample } from './heap-sample.ts';
import { registerHeapShow } from './heap-show.ts';
import { registerHeapSnapshot } from './heap-snapshot.ts';
import { registerHeapSuspects } from './heap-suspects.ts';
import type { ExitCode } from './outcome.ts';

/** `holter heap …`: one file per command beside this one. */
export function registerHeap(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  const heap = program
    .command('heap')
    .summary('memory: what fills it, who holds it, which functions allocate')
    .description('Memory of a process, live or from a heap snapshot.');
  registerHeapHistogram(heap, setExit);
  registerHeapSnapshot(heap, setExit);
  registerHeapShow(heap, setExit);
  registerHeapSuspects(heap, setExit);
  registerHeapDiff(heap, setExit);
  registerHeapQuery(heap, setExit);
  registerHeapExplore(heap, setExit);
  registerHeapSample(heap, rest, setExit);
}
