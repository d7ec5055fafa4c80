import { HolterError } from '../base/errors.ts';
import { formatBytes, formatDuration } from '../base/quantity.ts';
import type { OpenedHeap } from '../postmortem/heap-open.ts';
import type { HeapPages, IsolateHeap } from '../postmortem/heap-page.ts';
import type { HeapWalk } from '../postmortem/heap-walk.ts';
import { abortOnSignals } from './outcome.ts';
import type { Subject } from './stack-image.ts';

/** Longer pauses are asked about, as those of heap snapshots are. */
const ASK_FROM_MS = 500;

/**
 * The heap of a core, or a copy of that of a process (postmortem/heap-open.ts). A pause over half a second is asked about on a
 * terminal and refused without one, unless `--yes` is given.
 * @throws HolterError of postmortem/heap-open.ts; E_USAGE: a long pause and nobody to ask; E_INTERRUPTED: it was declined
 */
export async function openHeap(subject: Subject, options: { yes?: boolean } = {}): Promise<OpenedHeap> {
  const heap = await import('../postmortem/heap-open.ts');
  return heap.openHeap(subject, async ({ bytes, pauseMs }) => {
    // In a prompt it was said what an answer costs; a held one stands already.
    if (options.yes === true || subject.isPrompted === true || pauseMs <= ASK_FROM_MS) return;
    const what = `copying a heap of ${formatBytes(bytes)} stops the process for about ${formatDuration(pauseMs)}`;
    const { ask } = await import('./ask.ts');
    const answer = await ask(`C${what.slice(1)}. Go on?`, abortOnSignals());
    if (answer === undefined) throw new HolterError('E_USAGE', what, { hint: 'add --yes to agree' });
    if (!answer) throw new HolterError('E_INTERRUPTED', 'nothing was copied: the pause was declined');
  });
}

/**
 * The isolates that `--isolate` names: `main`, the tid of a worker, `shared` (what all have in common), `all`.
 * @throws HolterError E_USAGE: there is none of that name
 */
export function chooseIsolates(pages: HeapPages, which: string, pid: number): HeapPages {
  if (which === 'all') return pages;
  if (which === 'shared') return { isolates: [], readOnly: pages.readOnly };
  const isolates = pages.isolates.filter((one, index) =>
    which === 'main'
      ? isMain(one, index, pid)
      : String(one.tid) === which || which === `isolate ${index + 1}`,
  );
  if (isolates.length > 0) return { isolates, readOnly: [] };
  const names = pages.isolates.map((one, index) =>
    isMain(one, index, pid) ? 'main' : Number.isNaN(one.tid) ? `isolate ${index + 1}` : String(one.tid),
  );
  throw new HolterError('E_USAGE', `there is no isolate ${which}`, {
    hint: `there are: ${[...names, 'shared', 'all'].join(', ')}`,
  });
}

/** Where no thread of any is known, the largest counts as that of main. */
function isMain({ tid }: IsolateHeap, index: number, pid: number): boolean {
  return tid === pid || (Number.isNaN(tid) && index === 0);
}

/**
 * Marks what can be reached from the roots of all isolates.
 * @returns whether the object at an address (tagged) is in use
 */
export async function markLive(
  { v8, pages }: Pick<OpenedHeap, 'v8' | 'pages'>,
  walk: HeapWalk,
): Promise<(address: number) => boolean> {
  const { markReachable } = await import('../postmortem/heap-marks.ts');
  return markReachable(v8, pages, walk);
}
