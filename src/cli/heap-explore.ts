import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { ExploreSession } from './explore-session.ts';
import { terminalStyle } from './options.ts';
import { type ExitCode, exitCodeOf, print, renderError } from './outcome.ts';

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
  return process.stdin.isTTY && process.stdout.isTTY
    ? prompt(session, !options.color)
    : script(session, !options.color);
}

/** Lines from a pipe. What fails is said on stderr and the next one is done; the exit code is that of the first failure. */
async function script(session: ExploreSession, noColor: boolean): Promise<ExitCode> {
  let exit: ExitCode = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    try {
      const answer = await session.run(line, terminalStyle(noColor));
      if (answer === undefined) break;
      await print(answer);
    } catch (error) {
      if (exit === 0) exit = exitCodeOf(error);
      process.stderr.write(renderError(error, false));
    }
  }
  return exit;
}

/** Ctrl-C ends a running query or clears the line, Ctrl-D leaves. */
function prompt(session: ExploreSession, noColor: boolean): Promise<ExitCode> {
  const past = history();
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    completer: (line: string) => session.complete(line),
    history: past.lines,
    historySize: 500,
    removeHistoryDuplicates: true,
  });
  let running: AbortController | undefined;
  let work: Promise<void> = Promise.resolve();
  const ready = () => {
    terminal.setPrompt(`${session.place}> `);
    terminal.prompt();
  };
  process.stdout.write('help lists the commands\n');
  ready();
  terminal.on('SIGINT', () => {
    if (running !== undefined) running.abort();
    else {
      terminal.write(null, { ctrl: true, name: 'e' });
      terminal.write(null, { ctrl: true, name: 'u' });
    }
  });
  return new Promise((resolve) => {
    terminal.on('line', (line) => {
      past.add(line);
      work = work.then(async () => {
        running = new AbortController();
        try {
          const answer = await session.run(line, terminalStyle(noColor), running.signal);
          if (answer === undefined) return terminal.close();
          await print(answer);
        } catch (error) {
          process.stdout.write(
            error instanceof HolterError && error.code === 'E_INTERRUPTED'
              ? 'interrupted\n'
              : renderError(error, false).replace(/^holter: /, ''),
          );
        } finally {
          running = undefined;
        }
        ready();
      });
    });
    terminal.on('close', () => {
      void work.then(() => {
        process.stdout.write('\n');
        resolve(0);
      });
    });
  });
}

/**
 * Lines typed before, latest first. Kept in a file that only the user can read; where that cannot be (a read-only home, a
 * file that others can read), only in memory.
 */
function history(): { lines: string[]; add: (line: string) => void } {
  const folder = join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'holter');
  const file = join(folder, 'explore-history');
  let lines: string[] = [];
  try {
    lines = readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-500).reverse();
  } catch {
    // None yet, or not to be read: then this session's is all.
  }
  return {
    lines,
    add(line) {
      if (line.trim() === '') return;
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(file, `${line}\n`, { mode: 0o600 });
      } catch {
        // In memory it is anyway.
      }
    },
  };
}
