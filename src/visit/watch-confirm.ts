import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../base/units.ts';
import { readSystemCall } from '../linux/system-call.ts';
import { monotonicMs } from './clock.ts';
import { recordStacks } from './record-stacks.ts';

/** What looking at the stack of a process said that /proc takes to be stuck. */
export interface StuckCheck {
  isStuck: boolean;
  /** Innermost function that has a file, `hash (/srv/app.js:17)`; '' unknown. */
  where: string;
  /** How long it stood still for each look. */
  pausesMs: readonly Milliseconds[];
}

const LOOKS = 3;
const EVERY_MS = 250;

/**
 * Looks at the main thread some times, a few milliseconds of standstill each: one call that does not come back is stuck, a
 * loop that turns at full load is not. Where its memory cannot be read, only a thread that sleeps in one call is.
 */
export async function confirmStuck(pid: number, signal: AbortSignal): Promise<StuckCheck> {
  const sleepsIn = (): string => readSystemCall(pid)?.name ?? '';
  const before = sleepsIn();
  const found = await recordStacks(pid, { count: LOOKS, everyMs: EVERY_MS, now: monotonicMs, signal });
  if (found === undefined || found.stacks.length === 0) {
    await sleep(EVERY_MS);
    return {
      isStuck: before !== '' && before === sleepsIn(),
      where: before,
      pausesMs: found?.pausesMs ?? [],
    };
  }
  const first = found.stacks[0]?.at ?? 0;
  const frames = found.stacks.at(-1)?.frames ?? [];
  const top = frames.find(({ url }) => /^(?:\/|file:)/.test(url)) ?? frames[0];
  return {
    isStuck: found.sameSince !== undefined && found.sameSince <= first && found.stacks.length >= 2,
    where:
      top === undefined
        ? ''
        : `${top.function || '(anonymous)'} (${top.url.replace(/^file:\/\//, '')}:${top.line})`,
    pausesMs: found.pausesMs,
  };
}
