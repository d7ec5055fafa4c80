import { HolterError } from '../base/errors.ts';
import { parseValuePath } from '../postmortem/value-path.ts';
import { type CoreOptions, chooseThread, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';

/** `holter core inspect`. @throws HolterError of openSubject; E_USAGE: nothing of that name is there */
export async function runInspect(
  file: string,
  what: string,
  options: CoreOptions & { depth: string; most: string; text: string },
): Promise<void> {
  const path = parseValuePath(what);
  if (path.root.kind === 'frame' && path.keys.length === 0) {
    await (await import('./core-frame.ts')).runFrame(file, String(path.root.frame), options);
    return;
  }
  const most = parseCount(options.most, '--most', { min: 1, max: 1_000_000 });
  const limits = {
    depth: parseCount(options.depth, '--depth', { min: 0, max: 20 }),
    mostProperties: most,
    mostElements: most,
    mostText: parseCount(options.text, '--text', { min: 1, max: 100_000_000 }),
  };
  await withSubject(file, 'holter core inspect', options, async (subject) => {
    const [{ readStacks }, { buildStackReport }, { readAtPath }] = await Promise.all([
      import('../postmortem/read-stacks.ts'),
      import('../postmortem/stack-report.ts'),
      import('../postmortem/frame-variables.ts'),
    ]);
    const look = await subject.look((v8) => {
      if (path.root.kind === 'address') return readAtPath(v8, path, undefined, limits);
      const report = buildStackReport(v8, readStacks(v8, { values: true }));
      const thread = chooseThread(report, options.thread);
      const frame = thread.frames[path.root.frame];
      if (frame === undefined)
        throw new HolterError(
          'E_USAGE',
          `there is no frame ${path.root.frame}: thread ${thread.tid} has ${thread.frames.length}`,
          {
            hint: `holter core bt ${subject.word}`,
          },
        );
      return readAtPath(v8, path, frame.kind === 'js' ? frame : undefined, limits);
    });
    const value = look.result;
    const { hexAddress, renderValue } = await import('../render/value-text.ts');
    const { buildJsonValue } = await import('../render/value-json.ts');
    await present(
      options,
      () => ({
        schema: 'holter.core-value/1',
        source: subject.name,
        path: path.text,
        ...(look.pausedMs === undefined ? {} : { pausedMs: look.pausedMs }),
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
        return `${at}${text}\n`;
      },
    );
  });
}
