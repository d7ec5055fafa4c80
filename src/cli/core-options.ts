import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { frameIndex } from '../postmortem/frame-choice.ts';
import type { StackReport, ThreadStack } from '../postmortem/stack-frame.ts';
import { openSubject } from './core-subject.ts';
import { parseCount, terminalStyle } from './options.ts';
import { abortOnSignals, print } from './outcome.ts';
import { startProgress } from './progress.ts';
import type { Subject } from './stack-image.ts';

/** Options that every `core` command takes. */
export interface CoreOptions {
  exe?: string;
  sysroot?: string;
  thread?: string;
  json?: boolean;
  color: boolean;
}

export function addCoreOptions(command: Command, schema: string): Command {
  return command
    .option('--exe <path>', 'the node binary that ran, when it is not where it was')
    .option('--sysroot <folder>', "folder that holds the other machine's files")
    .option('--json', `print one JSON document, schema ${schema}`)
    .option('--no-color', 'no colour');
}

/** Opens what a command is about, lets it work, and closes it; the line of progress is drawn for what takes time. */
export async function withSubject<T>(
  word: string,
  verb: string,
  options: CoreOptions,
  work: (subject: Subject, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = abortOnSignals();
  const progress = startProgress(verb, undefined);
  try {
    const subject = await openSubject(word, verb, {
      ...(options.exe === undefined ? {} : { exe: options.exe }),
      ...(options.sysroot === undefined ? {} : { sysroot: options.sysroot }),
      signal,
      onProgress: (text) => progress.step(text),
    });
    try {
      return await work(subject, signal);
    } finally {
      subject.close();
    }
  } finally {
    progress.end();
  }
}

/**
 * The thread that `--thread` names, else the one that crashed, or main.
 * @throws HolterError E_USAGE: there is none of that number
 */
export function chooseThread(report: StackReport, thread: string | undefined): ThreadStack {
  const tid = thread === undefined ? undefined : parseCount(thread, '--thread', { min: 0, max: 2 ** 31 });
  const found = tid === undefined ? report.threads[0] : report.threads.find((one) => one.tid === tid);
  if (found !== undefined) return found;
  const tids = report.threads.map((one) => one.tid);
  throw new HolterError(
    'E_USAGE',
    tid === undefined ? 'no thread can be read' : `there is no thread ${tid}`,
    {
      hint:
        tids.length === 0
          ? 'holter core info tells what the file holds'
          : `threads: ${tids.slice(0, 20).join(', ')}`,
    },
  );
}

/**
 * How a frame is named in a command to type next: by its function where the process runs on, because numbers of frames
 * change from look to look; else, and where another frame of that function lies further in, by its number.
 */
export function frameWord(subject: Pick<Subject, 'kind'>, thread: ThreadStack, index: number): string {
  const frame = thread.frames[index];
  const name = frame?.kind === 'js' ? frame.functionName : '';
  const isPlain = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
  return subject.kind === 'process' &&
    isPlain &&
    frameIndex(thread, { kind: 'function', function: name }) === index
    ? name
    : String(index);
}

/** A command to type next: for the shell, or for the prompt where it is asked there. */
export function commandText(subject: Subject, verb: string, rest = ''): string {
  const words = subject.isPrompted === true ? [verb] : ['holter core', verb, subject.word];
  return (rest === '' ? words : [...words, rest]).join(' ');
}

/** Prints a document as JSON, or lines made for this terminal. */
export async function present(
  options: CoreOptions,
  json: () => object,
  text: (style: ReturnType<typeof terminalStyle>) => string | Promise<string>,
): Promise<void> {
  if (options.json) {
    const { renderJsonDocument } = await import('../render/json-document.ts');
    await print(renderJsonDocument(json()));
  } else await print(await text(terminalStyle(!options.color)));
}
