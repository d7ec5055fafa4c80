import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { compareHeaps, openHeap } from 'holter/heap';

/**
 * Runs `work` over and over and says which classes leak: objects that came in the second third of the runs and are still
 * alive after the last. What is made once (caches that fill up, code that is compiled) is not among them.
 *
 * @param {() => unknown} work one round of what is tested
 * @param {{ rounds?: number, perRound?: number }} [options] `perRound`: objects of one class that may stay, per round
 * @returns {Promise<string[]>} one line per leak: class, how many, who holds them, where
 */
export async function findLeaks(work, { rounds = 50, perRound = 0.5 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'leak-'));
  try {
    const files = [];
    for (let i = 0; i < 3; i++) {
      for (let round = 0; round < rounds; round++) await work();
      // What promises and finalizers still hold is let go of in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      files.push(writeHeapSnapshot(join(folder, `${i}.heapsnapshot`)));
    }
    // Opened when all are written: heaps are large, and would be in the next snapshot of this process.
    const heaps = [];
    for (const file of files) heaps.push(await openHeap(file, { index: false }));
    const { classes } = compareHeaps(...heaps);
    return classes
      .filter(({ name, added }) => added >= rounds * perRound && !name.startsWith('('))
      .map(({ name, added, place, holders: [holder] }) =>
        [
          `${name} × ${added} in ${rounds} rounds`,
          holder && `held by ${holder.text}`,
          holder?.place && `${holder.place.file}:${holder.place.line}`,
          place && `made by the class at ${place}`,
        ]
          .filter(Boolean)
          .join(', '),
      );
  } finally {
    await rm(folder, { recursive: true });
  }
}
