import { createInterface } from 'node:readline';
import { HolterError } from '../base/errors.ts';
import type { LineHistory } from './line-history.ts';
import { MOST_LINES } from './line-history.ts';
import { type ExitCode, exitCodeOf, renderError } from './outcome.ts';

/** What answers the lines of a prompt. */
export interface LineSession {
  /** `core> `, drawn before each line and again while one is typed (`redrawMs`). */
  prompt(): string;
  /** Does one line and prints the answer; false = leave. @throws HolterError E_USAGE, E_INTERRUPTED */
  run(line: string, signal: AbortSignal): Promise<boolean>;
  /** What could be typed at the end of a line, and the part of it that is replaced. */
  complete(line: string): [string[], string] | Promise<[string[], string]>;
}

export interface PromptOptions {
  history: LineHistory;
  /** Ctrl-C on an empty line leaves, too; otherwise it only clears the line. */
  leaveOnInterrupt?: () => boolean;
  /** Draws the prompt again after so many milliseconds: it tells a time. */
  redrawMs?: number;
  /** Ends the prompt from outside. */
  leave?: AbortSignal;
}

/** Lines from a pipe. What fails is said on stderr and the next one is done; the exit code is that of the first failure. */
export async function runLines(session: LineSession, leave?: AbortSignal): Promise<ExitCode> {
  let exit: ExitCode = 0;
  const never = new AbortController().signal;
  const input = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  leave?.addEventListener('abort', () => input.close(), { once: true });
  try {
    for await (const line of input) {
      if (leave?.aborted === true) break;
      if (line.trim() === '' || line.startsWith('#')) continue;
      try {
        if (!(await session.run(line, leave ?? never))) break;
      } catch (error) {
        if (exit === 0) exit = exitCodeOf(error);
        process.stderr.write(renderError(error, false));
      }
    }
  } finally {
    // Whoever writes into the pipe may go on for ever.
    input.close();
    process.stdin.destroy();
  }
  return exit;
}

/** A prompt on a terminal. Ctrl-C ends a running command or clears the line, Ctrl-D leaves. */
export function runPrompt(session: LineSession, options: PromptOptions): Promise<ExitCode> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
      Promise.resolve(session.complete(line)).then(
        (found) => done(null, found),
        () => done(null, [[], line]),
      );
    },
    history: options.history.lines,
    historySize: MOST_LINES,
    removeHistoryDuplicates: true,
  });
  let running: AbortController | undefined;
  let hasLeft = false;
  let work: Promise<void> = Promise.resolve();
  const ready = (keepLine = false): void => {
    if (hasLeft) return;
    terminal.setPrompt(session.prompt());
    terminal.prompt(keepLine);
  };
  const leave = (): void => {
    if (hasLeft) return;
    hasLeft = true;
    running?.abort();
    terminal.close();
  };
  const interrupt = (): void => {
    if (running !== undefined) running.abort();
    else if (terminal.line === '' && options.leaveOnInterrupt?.() === true) leave();
    else {
      terminal.write(null, { ctrl: true, name: 'e' });
      terminal.write(null, { ctrl: true, name: 'u' });
    }
  };
  // While a command runs the terminal sends the signal, so that it reaches code that does not return to the loop.
  const setRaw = (isRaw: boolean): void => {
    if (process.stdin.isTTY && !hasLeft) process.stdin.setRawMode(isRaw);
  };
  terminal.on('SIGINT', interrupt);
  process.on('SIGINT', interrupt);
  options.leave?.addEventListener('abort', leave, { once: true });
  const clock =
    options.redrawMs === undefined
      ? undefined
      : setInterval(() => {
          if (running === undefined) ready(true);
        }, options.redrawMs);
  ready();
  return new Promise((resolve) => {
    terminal.on('line', (line) => {
      options.history.add(line);
      work = work.then(async () => {
        if (hasLeft) return;
        running = new AbortController();
        setRaw(false);
        try {
          if (!(await session.run(line, running.signal))) leave();
        } catch (error) {
          process.stdout.write(
            error instanceof HolterError && error.code === 'E_INTERRUPTED'
              ? 'interrupted\n'
              : renderError(error, false).replace(/^holter: /, ''),
          );
        } finally {
          running = undefined;
          setRaw(true);
        }
        ready();
      });
    });
    terminal.on('close', () => {
      hasLeft = true;
      clearInterval(clock);
      process.off('SIGINT', interrupt);
      void work.then(() => {
        process.stdout.write('\n');
        resolve(0);
      });
    });
  });
}
