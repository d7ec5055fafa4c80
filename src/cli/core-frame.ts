import { HolterError } from '../base/errors.ts';
import type { FrameDescription } from '../render/core-text.ts';
import { type CoreOptions, chooseThread, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import { excerptOf } from './stack-output.ts';

/** `holter core frame`. @throws HolterError of openSubject; E_USAGE: no such frame */
export async function runFrame(
  file: string,
  number: string,
  options: CoreOptions & { depth: string },
): Promise<void> {
  const index = parseCount(number.replace(/^#/, ''), 'frame', { min: 0, max: 100_000 });
  const depth = parseCount(options.depth, '--depth', { min: 0, max: 20 });
  await withSubject(file, 'holter core frame', options, async (subject) => {
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
      const frame = thread.frames[index];
      if (frame === undefined)
        throw new HolterError(
          'E_USAGE',
          `there is no frame ${index}: thread ${thread.tid} has ${thread.frames.length}`,
          {
            hint: `holter core bt ${subject.word}`,
          },
        );
      const variables = frame.kind === 'js' ? readFrameVariables(v8, frame, depth) : undefined;
      const text =
        frame.kind === 'js' && frame.functionAddress !== undefined
          ? readScriptText(v8, frame.functionAddress)
          : undefined;
      return { report, thread, frame, variables, text };
    });
    const { report, thread, frame, variables, text } = look.result;
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
      next: [`holter core inspect ${subject.word} ${index}:${variables?.named[0]?.name ?? 'this'}`],
    };
    const { buildFrameJson, renderFrame } = await import('../render/core-text.ts');
    await present(
      options,
      () => buildFrameJson(description),
      (style) => renderFrame(description, style),
    );
  });
}
