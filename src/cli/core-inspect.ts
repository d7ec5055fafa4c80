import { HolterError } from '../base/errors.ts';
import { frameIndex, noFrameText } from '../postmortem/frame-choice.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { Value } from '../postmortem/value.ts';
import { parseValuePath } from '../postmortem/value-path.ts';
import { type CoreOptions, chooseThread, commandText, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import type { Subject } from './stack-image.ts';

/** Options of `core inspect`. */
export type InspectOptions = CoreOptions & { depth: string; most: string; text: string; map?: boolean };

/** `holter core inspect`. @throws HolterError of openSubject; E_USAGE: nothing of that name is there */
export async function runInspect(file: string, what: string, options: InspectOptions): Promise<void> {
  await withSubject(file, 'holter core inspect', options, (subject) => answerInspect(subject, what, options));
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerInspect(subject: Subject, what: string, options: InspectOptions): Promise<void> {
  // The name of a function alone is its frame.
  const path = parseValuePath(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(what) ? `${what}:` : what);
  const { root } = path;
  if (root.kind !== 'address' && path.keys.length === 0) {
    const frame = root.kind === 'frame' ? String(root.frame) : root.function;
    await (await import('./core-frame.ts')).answerFrame(subject, frame, options);
    return;
  }
  const most = parseCount(options.most, '--most', { min: 1, max: 1_000_000 });
  const limits = {
    depth: parseCount(options.depth, '--depth', { min: 0, max: 20 }),
    mostProperties: most,
    mostElements: most,
    mostText: parseCount(options.text, '--text', { min: 1, max: 100_000_000 }),
  };
  const [{ readStacks }, { buildStackReport }, { readAtPath }, { mapOf }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
    import('../postmortem/frame-variables.ts'),
    import('../postmortem/v8-objects.ts'),
  ]);
  const readWhere = (v8: V8Reader): Value => {
    if (root.kind === 'address') return readAtPath(v8, path, undefined, limits);
    const report = buildStackReport(v8, readStacks(v8, { values: true }));
    const thread = chooseThread(report, options.thread);
    const frame = thread.frames[frameIndex(thread, root)];
    if (frame === undefined)
      throw new HolterError('E_USAGE', noFrameText(thread, root), { hint: commandText(subject, 'bt') });
    return readAtPath(v8, path, frame.kind === 'js' ? frame : undefined, limits);
  };
  const look = await subject.look((v8) => {
    const value = readWhere(v8);
    return { value, map: value.type === 'object' ? mapOf(v8, value.address) : Number.NaN };
  });
  const { value, map } = look.result;
  const { hexAddress, renderValue } = await import('../render/value-text.ts');
  const { buildJsonValue } = await import('../render/value-json.ts');
  await present(
    options,
    () => ({
      schema: 'holter.core-value/1',
      source: subject.name,
      path: path.text,
      ...(look.pausedMs === undefined ? {} : { pausedMs: look.pausedMs }),
      ...(options.map === true && !Number.isNaN(map) ? { map: hexAddress(map) } : {}),
      value: buildJsonValue(value),
    }),
    (style) => {
      const text = renderValue(value, {
        columns: Math.max(40, style.columns),
        color: style.color,
        addresses: true,
        mostText: limits.mostText,
        mostLines: 2000,
      });
      const at = value.type === 'object' ? `@${hexAddress(value.address)}\n` : '';
      const shape = options.map === true && !Number.isNaN(map) ? `map @${hexAddress(map)}\n` : '';
      return `${at}${shape}${text}\n`;
    },
  );
}
