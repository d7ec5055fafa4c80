import { HolterError } from '../base/errors.ts';

/** How a command ended, for the process: design.md §5. 4 = findings at or above `--fail-on`. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** Error as people read it: what failed, then what to do. With `debug` the whole chain of causes. */
export function renderError(error: unknown, debug: boolean): string {
  if (!(error instanceof HolterError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `holter: a fault of holter's own: ${text}\nplease report it with the command you ran (E_BUG)\n`;
  }
  const lines = [`holter: ${error.message}  (${error.code})`];
  if (error.hint !== undefined) lines.push(`  next  ${error.hint}`);
  if (debug)
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(cause.stack ?? cause.message);
  return `${lines.join('\n')}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof HolterError ? error.exitCode : 1;
}

/**
 * First Ctrl-C (or SIGTERM, SIGHUP): `signal` aborts, the command leaves its target cleanly and shows what it has.
 * A second one is ignored: leaving takes well under a second, and cutting it short would leave something behind.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

/** Writes to stdout; a reader that closed its pipe (`| head`) is no error. Resolves when all is written. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined || (error as NodeJS.ErrnoException).code === 'EPIPE')
        resolve();
      else reject(new HolterError('E_WRITE', `cannot print the result: ${error.message}`, { cause: error }));
    });
  });
}
