import { HolterError } from '../base/errors.ts';
import { paint } from '../base/terminal-text.ts';
import type { LiveV8 } from '../postmortem/live-v8.ts';
import type { BacktraceOptions } from './core-bt.ts';
import { CoreSession } from './core-session.ts';
import { openSubject } from './core-subject.ts';
import { openHistory } from './line-history.ts';
import { type LineSession, runLines, runPrompt } from './line-prompt.ts';
import { terminalStyle } from './options.ts';
import type { ExitCode } from './outcome.ts';
import { startProgress } from './progress.ts';
import type { Subject } from './stack-image.ts';

export type PromptOptions = BacktraceOptions & { hold?: boolean };

/** How often the guard of a held process is told that we live; it waits four times as long. */
const HEARTBEAT_MS = 5000;
/** The prompt tells how long the process stands. */
const REDRAW_MS = 1000;

/** Do people type here? Otherwise lines come from a pipe. */
export function isTyped(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/**
 * `holter core FILE` on a terminal, `holter core prompt FILE`: the answer of bt, then a prompt; without a terminal the
 * lines of stdin, one after the other.
 * @throws HolterError of openSubject; E_USAGE: nothing that could be held
 */
export async function runCorePrompt(file: string, options: PromptOptions): Promise<ExitCode> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, leave);
  // Until there is a prompt, Ctrl-C leaves.
  process.on('SIGINT', leave);
  const progress = startProgress('holter core', undefined);
  let subject: Subject | undefined;
  let hold: Hold | undefined;
  try {
    subject = await openSubject(file, 'holter core', {
      ...(options.exe === undefined ? {} : { exe: options.exe }),
      ...(options.sysroot === undefined ? {} : { sysroot: options.sysroot }),
      signal: leaving.signal,
      onProgress: (text) => progress.step(text),
    });
    const session = new CoreSession(subject, options, () => hold?.isHeld === true);
    if (options.hold === true) hold = await Hold.begin(subject, session, !options.color);
    // A core that cannot be read at all ends it here, not at every line.
    else if (subject.kind === 'core') await subject.look(() => undefined);
    progress.end();
    const lines: LineSession = {
      prompt: () => hold?.prompt() ?? 'core> ',
      complete: (line) => session.complete(line),
      run: (line, signal) => session.run(line, signal),
    };
    if (!isTyped()) {
      process.off('SIGINT', leave);
      process.on('SIGINT', leave);
      return await runLines(lines, leaving.signal);
    }
    const { answerBacktrace } = await import('./core-bt.ts');
    await answerBacktrace(session.subject, options);
    process.stdout.write('help lists the commands\n');
    process.off('SIGINT', leave);
    return await runPrompt(lines, {
      history: openHistory('core'),
      leave: leaving.signal,
      ...(hold === undefined ? {} : { redrawMs: REDRAW_MS, leaveOnInterrupt: () => hold?.isOurs === true }),
    });
  } finally {
    progress.end();
    hold?.end();
    subject?.close();
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.off(name, leave);
  }
}

/** A process that stands as long as the prompt is open. */
class Hold {
  readonly #live: LiveV8;
  readonly #noColor: boolean;
  readonly #begun: number = performance.now();
  readonly #heart: NodeJS.Timeout;
  #isHeld = true;

  private constructor(live: LiveV8, session: CoreSession, noColor: boolean) {
    this.#live = live;
    this.#noColor = noColor;
    this.#heart = setInterval(() => {
      if (this.#live.prolong()) return;
      this.#say(
        `process ${live.image.pid} RUNS AGAIN: somebody continued it; each answer now stops it for a moment`,
      );
      this.#stop();
      session.forget();
    }, HEARTBEAT_MS);
  }

  /** @throws HolterError E_USAGE: a core; E_TARGET_EXITED, E_TIMEOUT */
  static async begin(subject: Subject, session: CoreSession, noColor: boolean): Promise<Hold> {
    if (subject.open === undefined)
      throw new HolterError(
        'E_USAGE',
        `--hold is for processes: ${subject.name} is a core, nothing moves in it`,
        {
          hint: 'leave --hold out',
        },
      );
    const live = await subject.open();
    live.hold();
    const hold = new Hold(live, session, noColor);
    hold.#say(
      live.image.wasStopped
        ? `process ${subject.pid} was stopped before, and is left so`
        : `process ${subject.pid} STANDS STILL NOW, until you leave (quit, Ctrl-D or Ctrl-C): nobody is served meanwhile`,
    );
    return hold;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** It stands because of us. */
  get isOurs(): boolean {
    return this.#isHeld && !this.#live.image.wasStopped;
  }

  prompt(): string | undefined {
    if (!this.isOurs) return undefined;
    const seconds = Math.round((performance.now() - this.#begun) / 1000);
    return `core (${paint(terminalStyle(this.#noColor), 'warn', `held ${seconds} s`)})> `;
  }

  end(): void {
    if (!this.#isHeld) return;
    this.#stop();
    const { wasStopped, pid } = this.#live.image;
    this.#live.release();
    const seconds = (performance.now() - this.#begun) / 1000;
    if (!wasStopped) this.#say(`process ${pid} runs on, it stood ${seconds.toFixed(1)} s`);
  }

  #stop(): void {
    this.#isHeld = false;
    clearInterval(this.#heart);
  }

  /** Not among the answers: they may go into a file. */
  #say(text: string): void {
    const style = {
      ...terminalStyle(this.#noColor),
      color: terminalStyle(this.#noColor).color && process.stderr.isTTY,
    };
    process.stderr.write(`${paint(style, 'warn', text)}\n`);
  }
}
