import { HolterError } from '../base/errors.ts';
import { formatBytes, formatDuration } from '../base/quantity.ts';
import { ASK_FROM_MS, type HeapNeed } from '../visit/heap-need.ts';
import { ask } from './ask.ts';
import type { Progress } from './progress.ts';

/**
 * Decides with the user whether a heap may be looked at: too little memory is refused, a pause over half a second is asked
 * about on a terminal and refused without one; `--yes` agrees to both. What will happen is said first.
 * @throws HolterError E_TOO_LITTLE_MEMORY, E_USAGE (nobody to ask)
 */
export async function agreeToNeed(
  need: HeapNeed,
  options: { yes: boolean; counts?: number; signal: AbortSignal; progress: Progress; histogram: string },
): Promise<boolean> {
  const { yes, signal, progress } = options;
  const what = need.what === 'snapshot' ? 'a heap snapshot' : 'counting its objects';
  const where =
    need.limitedBy === 'cgroup'
      ? 'its control group has'
      : need.limitedBy === 'machine'
        ? 'the machine has'
        : '';
  if (!need.fits && !yes)
    throw new HolterError(
      'E_TOO_LITTLE_MEMORY',
      `${what} of a heap of ${formatBytes(need.usedHeapBytes)} needs about ${formatBytes(need.needBytes)}, and ${where} ${formatBytes(need.availableBytes)} left: the process would probably be killed`,
      {
        hint:
          need.what === 'snapshot'
            ? `${options.histogram} needs a sixth of that; --yes insists`
            : 'holter heap sample costs next to nothing; --yes insists',
      },
    );
  const counts = options.counts ?? 1;
  const pause = `${what} of a heap of ${formatBytes(need.usedHeapBytes)} stops the process for about ${formatDuration(need.pauseMs)}${counts > 1 ? `, ${counts} times` : ''}`;
  const memory = `and takes up to ${formatBytes(need.needBytes)} more memory${
    Number.isFinite(need.availableBytes) ? ` (${where} ${formatBytes(need.availableBytes)} left)` : ''
  }`;
  if (need.pauseMs <= ASK_FROM_MS || yes) return true;
  progress.end();
  const answer = await ask(`${capital(pause)}\n${memory}. Go on?`, signal);
  if (answer === undefined)
    throw new HolterError('E_USAGE', `${pause} ${memory}`, { hint: 'add --yes to agree' });
  return answer;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
