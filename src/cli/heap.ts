import type { Command } from 'commander';
import { registerHeapSample } from './heap-sample.ts';
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
  registerHeapSample(heap, rest, setExit);
}
