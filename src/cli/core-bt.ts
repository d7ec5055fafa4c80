import type { StackReport } from '../postmortem/stack-frame.ts';
import type { StackDocument } from '../render/stack-document.ts';
import { partyOfFrame } from '../render/stack-names.ts';
import { hotFrame } from '../render/stack-rows.ts';
import { type CoreOptions, chooseThread, commandText, frameWord, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import type { Subject } from './stack-image.ts';
import { excerptOf, presentStack, refuseStackOutputs, type StackViewOptions } from './stack-output.ts';

/** Options of `core bt`. */
export type BacktraceOptions = CoreOptions & StackViewOptions & { all?: boolean; async?: boolean };

/** `holter core bt`. @throws HolterError of openSubject, E_USAGE */
export async function runBacktrace(file: string, options: BacktraceOptions): Promise<void> {
  refuseStackOutputs(options.out);
  await withSubject(file, 'holter core bt', options, (subject) => answerBacktrace(subject, options));
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerBacktrace(subject: Subject, options: BacktraceOptions): Promise<void> {
  const frames =
    options.frames === undefined
      ? undefined
      : parseCount(options.frames, '--frames', { min: 1, max: 100_000 });
  const values = options.values === true || options.locals === true;
  const [{ readStacks }, { buildStackReport }, { findCrashReason }, { readScriptText }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
    import('../postmortem/crash-reason.ts'),
    import('../postmortem/script-text.ts'),
  ]);
  const texts = new Map<string, readonly string[]>();
  const look = await subject.look((v8) => {
    const threads = readStacks(v8, { values, async: options.async === true });
    const report = buildStackReport(v8, threads);
    const reason = findCrashReason(v8, report);
    // Of a core the memory stays; of a process it is gone after this, and its files are there.
    if (subject.kind === 'core') keepTexts(report, texts, (address) => readScriptText(v8, address));
    return { report, reason };
  });
  const { report, reason } = look.result;
  const chosen = chooseThread(report, options.thread);
  if (options.thread !== undefined) report.threads = [chosen];
  const { addOriginalPlaces } = await import('../postmortem/stack-sources.ts');
  const sources = await addOriginalPlaces([report], subject.readFile, [subject.cwd]);
  report.problems.push(...sources.notes);
  const inMemory = (url: string) => texts.get(url);
  const excerpt = excerptOf({ ...report, threads: [chosen] }, subject.cwd, sources, inMemory);
  const document: StackDocument = {
    verb: 'core bt',
    report,
    target: { pid: subject.pid, name: subject.name, command: subject.command, cwd: subject.cwd },
    at: subject.at,
    wasStopped: look.wasStopped,
    pausesMs: look.pausedMs === undefined ? [] : [look.pausedMs],
    movements: [],
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(reason === undefined ? {} : { reason: reason.text }),
    ...(reason?.exception === undefined ? {} : { exception: reason.exception }),
    next: nextCommands(subject, report, options.thread),
    written: [],
  };
  await presentStack(document, options, {
    threads: options.all === true,
    values,
    raw: options.raw === true,
    numbers: true,
    ...(frames === undefined ? {} : { frames }),
  });
}

/** Texts of the scripts of the thread that matters, for excerpts where the files are gone. */
function keepTexts(
  report: StackReport,
  texts: Map<string, readonly string[]>,
  read: (functionAddress: number) => { lines: string[] } | undefined,
): void {
  const [thread] = report.threads;
  const frame = thread?.frames[hotFrame(thread.frames, process.cwd())];
  if (frame?.kind !== 'js' || frame.functionAddress === undefined || frame.place === undefined) return;
  const text = read(frame.functionAddress);
  if (text !== undefined) texts.set(frame.place.url, text.lines);
}

function nextCommands(subject: Subject, report: StackReport, thread: string | undefined): string[] {
  const [first] = report.threads;
  if (first === undefined) return [commandText(subject, 'info')];
  const hot = hotFrame(first.frames, subject.cwd);
  const frame = first.frames[hot];
  const of = thread === undefined ? '' : ` --thread ${thread}`;
  if (frame === undefined || partyOfFrame(frame, subject.cwd) !== 'yours')
    return [commandText(subject, 'threads')];
  return [
    commandText(subject, 'frame', `${frameWord(subject, first, hot)}${of}`),
    commandText(subject, 'threads'),
  ];
}
