import { existsSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import { readCommandLine, readEnvironment } from '../linux/command-line.ts';
import { parseContainerId, readContainer } from '../linux/container.ts';
import { readCoreDestination } from '../linux/core-destination.ts';
import { readTextIfAny } from '../linux/proc-file.ts';
import { buildCoreWhereJson, type CoreWhereDescription, renderCoreWhere } from '../render/core-where-text.ts';
import { terminalStyle } from './options.ts';
import { print } from './outcome.ts';

/** Options of `core where`. */
export interface CoreWhereOptions {
  json?: boolean;
  color: boolean;
}

const FLAG = /(^|\s)--abort[-_]on[-_]uncaught[-_]exception(\s|$)/;

/**
 * `holter core where`: where cores go, and how to get one. Nothing is touched.
 * @throws HolterError of target/resolve
 */
export async function runCoreWhere(target: string | undefined, options: CoreWhereOptions): Promise<void> {
  const about = target === undefined ? undefined : await readProcess(target);
  const where: CoreWhereDescription = {
    ...readCoreDestination(about?.pid),
    ...(about === undefined ? {} : { process: about }),
    inContainer:
      existsSync('/.dockerenv') ||
      existsSync('/run/.containerenv') ||
      parseContainerId(readTextIfAny('/proc/self/cgroup') ?? '') !== undefined,
  };
  await print(
    options.json
      ? (await import('../render/json-document.ts')).renderJsonDocument(buildCoreWhereJson(where))
      : renderCoreWhere(where, terminalStyle(!options.color)),
  );
}

async function readProcess(target: string): Promise<NonNullable<CoreWhereDescription['process']>> {
  const { resolveTarget } = await import('../target/resolve.ts');
  const found = await resolveTarget(target);
  if (found.kind === 'inspector')
    throw new HolterError('E_USAGE', `core where looks at a process of this machine, not at ${found.url}`, {
      hint: 'give a pid, a name or a :port; holter ps lists them',
    });
  const { pid, info } = found;
  const { args, titled } = readCommandLine(pid);
  const environment = readEnvironment(pid);
  const has = FLAG.test(environment?.get('NODE_OPTIONS') ?? '') || args.some((word) => FLAG.test(word));
  return {
    pid,
    name: info.name,
    abortsOnUncaught: has,
    isFlagKnown: has || (!titled && environment !== undefined),
    container: readContainer(pid, environment),
  };
}
