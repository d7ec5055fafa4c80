import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milliseconds } from '../base/units.ts';
import { callHolter, type Performed } from './perform.ts';

/** Beyond the time of the visit: attaching, judging. */
const EXTRA_MS: Milliseconds = 120_000;

/** A doctor's visit for its findings only: its recording is not kept. */
export async function visitForFindings(
  pid: number,
  forMs: Milliseconds,
  options: { out: string; holter: readonly string[]; signal: AbortSignal },
): Promise<Performed> {
  const folder = join(options.out, `.visit-${pid}`);
  const args = ['doctor', String(pid), '-d', `${forMs / 1000}s`, '--json', '-o', folder];
  await rm(folder, { recursive: true, force: true });
  try {
    return await callHolter({ args, limitMs: forMs + EXTRA_MS }, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
