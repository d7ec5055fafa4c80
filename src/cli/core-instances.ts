import { HolterError } from '../base/errors.ts';
import { chooseIsolates, markLive, openHeap } from './core-heap.ts';
import { type CoreOptions, commandText, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import { shellWord } from './paths.ts';
import type { Subject } from './stack-image.ts';

/** Options of `core instances`. */
export type InstancesOptions = CoreOptions & {
  where?: string;
  skip: string;
  top: string;
  isolate: string;
  live?: boolean;
  yes?: boolean;
};

/** `holter core instances`. @throws HolterError of openSubject and openHeap, E_USAGE, E_NO_MATCH */
export async function runInstances(file: string, name: string, options: InstancesOptions): Promise<void> {
  await withSubject(file, 'holter core instances', options, (subject) =>
    answerInstances(subject, name, options),
  );
}

/** Prints it. @throws HolterError E_USAGE; E_NO_MATCH: there is no class of that name */
export async function answerInstances(
  subject: Subject,
  name: string,
  options: InstancesOptions,
): Promise<void> {
  const skip = parseCount(options.skip, '--skip', { min: 0, max: 1e9 });
  const top = parseCount(options.top, '--top', { min: 1, max: 1_000_000 });
  const { parseConditions } = await import('../postmortem/object-condition.ts');
  const where = options.where === undefined ? [] : parseConditions(options.where);
  const [{ listInstances }, { HeapWalk }] = await Promise.all([
    import('../postmortem/object-instances.ts'),
    import('../postmortem/heap-walk.ts'),
  ]);
  const { v8, pages, pausedMs } = await openHeap(subject, options);
  const chosen = chooseIsolates(pages, options.isolate, subject.pid);
  const walk = new HeapWalk(v8);
  const isLive = options.live === true ? await markLive({ v8, pages }, walk) : undefined;
  const found = listInstances(v8, chosen, name, {
    where,
    skip,
    most: top,
    walk,
    ...(isLive === undefined ? {} : { isLive }),
  });
  if (found.total === 0)
    throw new HolterError('E_NO_MATCH', `there is no object of a class ${name} in ${subject.name}`, {
      hint:
        found.similar.length > 0
          ? `there are: ${found.similar.join(', ')}`
          : `${commandText(subject, 'objects')} lists the classes`,
    });
  const { buildInstancesJson, renderInstances } = await import('../render/core-instances-text.ts');
  const { hexAddress } = await import('../render/value-text.ts');
  const first = found.list[0];
  const more = skip + found.list.length < found.matched ? skip + found.list.length : undefined;
  const description = {
    ...found,
    className: name,
    kind: subject.kind,
    name: subject.name,
    pid: subject.pid,
    nodeVersion: v8.layout.nodeVersion,
    isLive: options.live === true,
    skip,
    ...(options.where === undefined ? {} : { where: options.where }),
    ...(pausedMs === undefined ? {} : { pausedMs }),
    problems: [...new Set([...v8.image.problems, ...v8.problems])],
    next: [
      // V8 moves what a live process has.
      ...(first === undefined || subject.kind === 'process'
        ? []
        : [commandText(subject, 'refs', hexAddress(first.address))]),
      ...(more === undefined
        ? []
        : [
            commandText(
              subject,
              'instances',
              `${shellWord(name)}${options.where === undefined ? '' : ` --where ${shellWord(options.where)}`} --skip ${more}`,
            ),
          ]),
    ],
  };
  await present(
    options,
    () => buildInstancesJson(description),
    (style) => renderInstances(description, style),
  );
}
