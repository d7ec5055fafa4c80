import { createInterface } from 'node:readline';

/**
 * A yes-or-no question on the terminal (stderr, so that results stay clean). Default is no: Enter, Ctrl-C, Ctrl-D and the
 * end of `signal` all mean no. Returns undefined where nobody can be asked: no terminal on both sides.
 */
export async function ask(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  if (signal.aborted) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  try {
    return await new Promise<boolean>((resolve) => {
      const no = (): void => resolve(false);
      lines.on('SIGINT', no);
      lines.on('close', no);
      signal.addEventListener('abort', no, { once: true });
      lines.question(`${question} [y/N] `, (answer) => resolve(/^\s*y(es)?\s*$/i.test(answer)));
    });
  } finally {
    lines.close();
    process.stdin.unref();
  }
}
