import { HolterError } from '../base/errors.ts';
import { type FrameRoot, frameIndex, noFrameText } from '../postmortem/frame-choice.ts';
import type { FrameDescription } from '../render/core-text.ts';
import {
  type CoreOptions,
  chooseThread,
  commandText,
  frameWord,
  present,
  withSubject,
} from './core-options.ts';
import { parseCount } from './options.ts';
import type { Subject } from './stack-image.ts';
import { excerptOf } from './stack-output.ts';

/** `holter core frame`. @throws HolterError of openSubject; E_USAGE: no such frame */
export async function runFrame(
  file: string,
  number: string,
  options: CoreOptions & { depth: string },
): Promise<void> {
  await withSubject(file, 'holter core frame', options, (subject) => answerFrame(subject, number, options));
}

/** `3`, `#3`, or the name of a function. @throws HolterError E_USAGE */
function frameRoot(text: string): FrameRoot {
  const word = text.trim().replace(/^#/, '').replace(/:$/, '');
  return /^[-\d]/.test(word)
    ? { kind: 'frame', frame: parseCount(word, 'frame', { min: 0, max: 100_000 }) }
    : { kind: 'function', function: word };
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerFrame(
  subject: Subject,
  number: string,
  options: CoreOptions & { depth: string },
): Promise<void> {
  const root = frameRoot(number);
  const depth = parseCount(options.depth, '--depth', { min: 0, max: 20 });
  const [{ readStacks }, { buildStackReport }, { readFrameVariables }, { readScriptText }] =
    await Promise.all([
      import('../postmortem/read-stacks.ts'),
      import('../postmortem/stack-report.ts'),
      import('../postmortem/frame-variables.ts'),
      import('../postmortem/script-text.ts'),
    ]);
  const look = await subject.look((v8) => {
    const report = buildStackReport(v8, readStacks(v8, { values: true }));
    const thread = chooseThread(report, options.thread);
    const index = frameIndex(thread, root);
    const frame = thread.frames[index];
    if (frame === undefined)
      throw new HolterError('E_USAGE', noFrameText(thread, root), { hint: commandText(subject, 'bt') });
    const variables = frame.kind === 'js' ? readFrameVariables(v8, frame, depth) : undefined;
    const text =
      frame.kind === 'js' && frame.functionAddress !== undefined
        ? readScriptText(v8, frame.functionAddress)
        : undefined;
    return { report, thread, index, frame, variables, text };
  });
  const { report, thread, index, frame, variables, text } = look.result;
  const { addOriginalPlaces } = await import('../postmortem/stack-sources.ts');
  const alone = { ...report, threads: [{ ...thread, frames: [frame] }] };
  const sources = await addOriginalPlaces([alone], subject.readFile, [subject.cwd]);
  const excerpt = excerptOf(alone, subject.cwd, sources, () => text?.lines);
  const description: FrameDescription = {
    name: subject.name,
    pid: subject.pid,
    cwd: subject.cwd,
    nodeVersion: report.nodeVersion,
    ...(look.pausedMs === undefined ? {} : { pausedMs: look.pausedMs }),
    thread,
    index,
    frame,
    variables: variables ?? { named: [], outer: [] },
    ...(excerpt === undefined ? {} : { excerpt }),
    problems: [...report.problems, ...sources.notes],
    next: [
      commandText(
        subject,
        'inspect',
        `${frameWord(subject, thread, index)}:${variables?.named[0]?.name ?? 'this'}`,
      ),
    ],
  };
  const { buildFrameJson, renderFrame } = await import('../render/core-text.ts');
  await present(
    options,
    () => buildFrameJson(description),
    (style) => renderFrame(description, style),
  );
}
