import { HolterError } from '../base/errors.ts';
import { frameIndex, noFrameText } from '../postmortem/frame-choice.ts';
import { parseValuePath } from '../postmortem/value-path.ts';
import type { SourceDescription } from '../render/core-text.ts';
import { type CoreOptions, chooseThread, commandText, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import type { Subject } from './stack-image.ts';

/** Lines of a function that are shown unasked. */
const MOST_LINES = 60;

/** `holter core source`. @throws HolterError of openSubject; E_USAGE: no such frame, no function */
export async function runSource(
  file: string,
  what: string,
  options: CoreOptions & { lines?: string },
): Promise<void> {
  await withSubject(file, 'holter core source', options, (subject) => answerSource(subject, what, options));
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerSource(
  subject: Subject,
  what: string,
  options: CoreOptions & { lines?: string },
): Promise<void> {
  const around =
    options.lines === undefined ? undefined : parseCount(options.lines, '--lines', { min: 0, max: 100_000 });
  const path = parseValuePath(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(what) ? `${what}:` : what);
  const { root } = path;
  const [{ readStacks }, { buildStackReport }, { readScriptText }, { readAtPath }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
    import('../postmortem/script-text.ts'),
    import('../postmortem/frame-variables.ts'),
  ]);
  const look = await subject.look((v8) => {
    if (root.kind === 'address') {
      const value = readAtPath(v8, path, undefined, { depth: 0 });
      return { text: 'address' in value ? readScriptText(v8, value.address) : undefined };
    }
    const report = buildStackReport(v8, readStacks(v8, { values: path.keys.length > 0 }));
    const thread = chooseThread(report, options.thread);
    const frame = thread.frames[frameIndex(thread, root)];
    if (frame === undefined)
      throw new HolterError('E_USAGE', noFrameText(thread, root), { hint: commandText(subject, 'bt') });
    if (frame.kind !== 'js')
      throw new HolterError('E_USAGE', `frame ${what} of thread ${thread.tid} is no JavaScript`, {
        hint: commandText(subject, 'bt'),
      });
    if (path.keys.length > 0) {
      const value = readAtPath(v8, path, frame, { depth: 0 });
      return { text: 'address' in value ? readScriptText(v8, value.address) : undefined };
    }
    const text = frame.functionAddress === undefined ? undefined : readScriptText(v8, frame.functionAddress);
    return { text, place: frame.place };
  });
  const { text, place } = look.result;
  const lines = text?.lines ?? linesOfFile(subject.readFile, place?.url);
  if (lines === undefined)
    throw new HolterError('E_USAGE', `no text of ${what} can be read`, {
      hint: 'it is built into the engine, or its memory is missing, and its file is not here (--sysroot)',
    });
  const line = place?.line ?? text?.functionLines?.first ?? 1;
  const whole = text?.functionLines;
  const isShort = whole !== undefined && whole.last - whole.first < MOST_LINES;
  const first = around !== undefined ? line - around : isShort ? whole.first : line - 10;
  const last = around !== undefined ? line + around : isShort ? whole.last : line + 10;
  const from = Math.max(1, first);
  const description: SourceDescription = {
    url: text?.url || (place?.url ?? ''),
    ...(whole === undefined ? {} : { function: whole }),
    excerpt: {
      file: text?.url || (place?.url ?? ''),
      line: place?.line ?? 0,
      column: place?.column ?? 0,
      firstLine: from,
      lines: lines.slice(from - 1, last),
      from: text === undefined ? 'file' : 'memory',
    },
    lineCount: lines.length,
    isWhole: text?.isWhole !== false,
  };
  const { buildSourceJson, renderSource } = await import('../render/core-text.ts');
  await present(
    options,
    () => buildSourceJson(description),
    (style) => renderSource(description, style, subject.cwd),
  );
}

function linesOfFile(
  readFile: (path: string) => Buffer | undefined,
  url: string | undefined,
): string[] | undefined {
  if (url === undefined) return undefined;
  const path = url.startsWith('file://') ? decodeURIComponent(url.slice('file://'.length)) : url;
  return path.startsWith('/')
    ? readFile(path)
        ?.toString('utf8')
        .split(/\r\n|\n/)
    : undefined;
}
