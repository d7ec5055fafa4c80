import { type CoreOptions, commandText, present, withSubject } from './core-options.ts';
import type { Subject } from './stack-image.ts';

/** `holter core threads`. @throws HolterError of openSubject */
export async function runThreads(file: string, options: CoreOptions): Promise<void> {
  await withSubject(file, 'holter core threads', options, (subject) => answerThreads(subject, options));
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerThreads(subject: Subject, options: CoreOptions): Promise<void> {
  const [{ readStacks }, { buildStackReport }, { addOriginalPlaces }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
    import('../postmortem/stack-sources.ts'),
  ]);
  const look = await subject.look((v8) => buildStackReport(v8, readStacks(v8, { values: false })));
  const report = look.result;
  const sources = await addOriginalPlaces([report], subject.readFile, [subject.cwd]);
  report.problems.push(...sources.notes);
  const document = {
    verb: 'core threads' as const,
    report,
    target: { pid: subject.pid, name: subject.name, command: subject.command, cwd: subject.cwd },
    at: subject.at,
    wasStopped: look.wasStopped,
    pausesMs: look.pausedMs === undefined ? [] : [look.pausedMs],
    movements: [],
    next: [commandText(subject, 'bt', '--all')],
    written: [],
  };
  const { buildStackJson } = await import('../render/stack-json.ts');
  const { renderThreads } = await import('../render/core-text.ts');
  await present(
    options,
    () => buildStackJson(document),
    (style) => renderThreads(document, style),
  );
}
