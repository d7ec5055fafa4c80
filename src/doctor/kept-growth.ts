import { join } from 'node:path';
import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import type { Place } from '../heap/place.ts';
import type { Recording } from '../recording/read-recording.ts';

/** What two heap snapshots of one visit say about a growing heap: the class that piles up and who holds it. */
export interface KeptGrowth {
  /** `Order`, `{id, name}`. */
  className: string;
  /** Where its constructor stands, `path:line` or `path:line:column`; '' unknown. */
  classPlace: string;
  /** New objects of it, all still held. */
  added: number;
  /** Bytes of new objects they keep alive, their own among them. */
  bytes: Bytes;
  /** Between the two snapshots. */
  spanMs: Milliseconds;
  /** `module history.js > placed (Array)`; undefined when nobody in particular holds them. */
  holder: { text: string; held: number; place: Place | undefined } | undefined;
}

/** Fewer new objects than that are chance. */
const LEAST_ADDED = 20;
/** V8's and Node's own objects: never what a program leaks by itself. */
const NOT_OF_THE_PROGRAM = /^\(|^system|^Node \/|^Detached Node/;

/**
 * Compares the first and the last heap snapshot of the main thread in a recording. Undefined when there are no two, or
 * nothing piled up between them; what cannot be read is named in `problems`.
 */
export async function readKeptGrowth(
  recording: Recording,
  problems: string[],
): Promise<KeptGrowth | undefined> {
  const files = recording.list('heap-snapshot').filter(({ thread }) => (thread ?? 'main') === 'main');
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  try {
    // Loaded when there is something to read: most recordings have no snapshots.
    const [{ openHeap }, { compareHeaps }] = await Promise.all([
      import('../heap/open-heap.ts'),
      import('../heap/compare-heaps.ts'),
    ]);
    // One after the other: each takes its share of memory while it is read.
    const before = await openHeap(join(recording.folder, first.name), { index: false });
    const after = await openHeap(join(recording.folder, last.name), { index: false });
    const { classes } = compareHeaps(before, after, { top: 10 });
    const change = classes.find(
      ({ name, added, removed, retainedDelta }) =>
        added - removed >= LEAST_ADDED && retainedDelta > 0 && !NOT_OF_THE_PROGRAM.test(name),
    );
    if (change === undefined) return undefined;
    const [holder] = change.holders;
    return {
      className: change.name,
      classPlace: change.place,
      added: change.added - change.removed,
      bytes: change.retainedDelta,
      spanMs: Math.max(1, (last.fromMs ?? 0) - (first.fromMs ?? 0)),
      holder:
        holder === undefined
          ? undefined
          : {
              text: holder.kind === '' ? holder.text : `${holder.text} (${holder.kind})`,
              held: holder.held,
              place: holder.place,
            },
    };
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    problems.push(`${last.name}: ${error.message}`);
    return undefined;
  }
}
