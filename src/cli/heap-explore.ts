import type { Command } from 'commander';
import { openHistory } from './line-history.ts';
import { type LineSession, runLines, runPrompt } from './line-prompt.ts';
import { terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';

export function registerHeapExplore(heap: Command, setExit: (code: ExitCode) => void): void {
  heap
    .command('explore')
    .summary('walk through a snapshot: ls, cd, retainers, queries')
    .description(
      'A prompt for a heap snapshot: ls and cd along references, pwd, show, retainers, path, classes and queries. Tab ' +
        'completes names. Lines from a pipe are done one after the other, without a prompt.',
    )
    .argument('<file>', 'a .heapsnapshot file (also .gz, .zst)')
    .option('--no-index', 'neither read nor write the index beside the file')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Examples:
  holter heap explore app.heapsnapshot
  echo 'select class, count(*) group by class order by 2 desc limit 5' | holter heap explore app.heapsnapshot
  printf 'cd app.sessions\\nls\\n' | holter heap explore app.heapsnapshot`,
    )
    .action(async (file: string, options: { index: boolean; color: boolean }) =>
      setExit(await runHeapExplore(file, options)),
    );
}

async function runHeapExplore(file: string, options: { index: boolean; color: boolean }): Promise<ExitCode> {
  const [{ ExploreSession }, { openHeapFile }] = await Promise.all([
    import('./explore-session.ts'),
    import('./open-heap-file.ts'),
  ]);
  const session = new ExploreSession(
    await openHeapFile(file, { verb: 'holter heap explore', index: options.index }),
  );
  const lines: LineSession = {
    prompt: () => `${session.place}> `,
    complete: (line) => session.complete(line),
    async run(line, signal) {
      const answer = await session.run(line, terminalStyle(!options.color), signal);
      if (answer !== undefined) await print(answer);
      return answer !== undefined;
    },
  };
  if (!process.stdin.isTTY || !process.stdout.isTTY) return runLines(lines);
  process.stdout.write('help lists the commands\n');
  return runPrompt(lines, { history: openHistory('explore') });
}
