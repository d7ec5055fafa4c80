import { HolterError } from '../base/errors.ts';
import { resolveTarget } from '../target/resolve.ts';
import type { VisitTarget } from '../visit/visit.ts';

/**
 * The live process a heap command is to look at, and a name for its recording.
 * @throws HolterError E_USAGE (none given), and of target/resolve
 */
export async function resolveHeapTarget(
  target: string | undefined,
  verb: string,
): Promise<{ target: VisitTarget; label: string }> {
  if (target === undefined)
    throw new HolterError('E_USAGE', 'no target given', {
      hint: `${verb} <pid | name | :port>, or holter ps to see what runs`,
    });
  const visited = await resolveTarget(target);
  return {
    target: visited,
    label: visited.kind === 'process' ? `${visited.info.name}-${visited.pid}` : new URL(visited.url).host,
  };
}
