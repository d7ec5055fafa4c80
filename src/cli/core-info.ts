import { type CoreOptions, present, withSubject } from './core-options.ts';

/** `holter core info`. @throws HolterError of openSubject */
export async function runInfo(file: string, options: CoreOptions): Promise<void> {
  await withSubject(file, 'holter core info', options, async (subject) => {
    const [{ readStartArguments }, { listBinaries }] = await Promise.all([
      import('../postmortem/start-arguments.ts'),
      import('../postmortem/image-binaries.ts'),
    ]);
    const { result } = await subject.look(({ image, layout, problems }) => ({
      kind: subject.kind,
      name: image.name,
      at: subject.at,
      pid: image.pid,
      nodeVersion: layout.nodeVersion,
      v8Version: layout.v8Version,
      isKnownV8: layout.isKnown,
      executable: image.executable,
      ...(image.crash === undefined ? {} : { crash: image.crash }),
      argv: readStartArguments(image)?.argv ?? [],
      threads: image.threads.length,
      memoryBytes: image.mappings.reduce((sum, { start, end }) => sum + end - start, 0),
      binaries: listBinaries(image),
      problems: [...new Set([...image.problems, ...problems])],
    }));
    const { renderCoreInfo } = await import('../render/core-info-text.ts');
    await present(
      options,
      () => ({ schema: 'holter.core-info/1', ...result }),
      (style) => renderCoreInfo(result, style),
    );
  });
}
